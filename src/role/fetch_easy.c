/* fetch_easy.c -- a request as libcurl is to make it, walled in.
 *
 * Nothing of the host gets in: no proxies, netrc, cookies, or files, and no
 * scheme but four. Every socket asks the guard first, so redirects, name
 * servers' answers and FTP's data connections are checked alike, at the last
 * moment. No connection is used twice: a reused one would not be asked for.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "role/fetch_easy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"

static const char schemes[] = "http,https,ftp,tftp";
enum { REDIRECTS_MAX = 20, CONNECT_MS = 30000 };

static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct fetch_easy *e = ctx;
    socklen_t n = a->addrlen;

    if (purpose != CURLSOCKTYPE_IPCXN) {
        e->pass.refused = "a connection from outside";
        return CURL_SOCKET_BAD;
    }
    if (fetch_pass_connect(&e->pass, &a->addr, &n, clock_mono_us(e->clock)) < 0)
        return CURL_SOCKET_BAD;
    a->addrlen = n;
    a->family = a->addr.sa_family;
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* --- the URL --------------------------------------------------------------------- */

static bool is_number(const char *host)
{
    uint8_t a[16];

    return host[0] == '[' || inet_pton(AF_INET, host, a) == 1;
}

/* In a test: an answer for the URL's name, so that no name server is asked. */
static int answer_name(struct fetch_easy *e, const char *host, const char *port)
{
    char line[512];
    const char *addr = is_number(host) ? NULL : fetch_guard_test_name(e->pass.guard, host);

    if (!addr)
        return 0;
    if (!str_fmt(line, sizeof line, "%s:%s:%s", host, port, addr))
        return ERR_FORMAT;
    e->names = curl_slist_append(NULL, line);
    return e->names && curl_easy_setopt(e->curl, CURLOPT_RESOLVE, e->names) == CURLE_OK ? 0
                                                                                        : ERR_NOMEM;
}

static int look_at_url(struct fetch_easy *e, const char *url)
{
    CURLU *u = curl_url();
    char *scheme = NULL, *host = NULL, *port = NULL;
    int r = ERR_FORMAT;

    if (u && curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
        bool known = str_eqi(scheme, "http") || str_eqi(scheme, "https") ||
                     str_eqi(scheme, "ftp") || str_eqi(scheme, "tftp");
        r = !known ? ERR_UNSUPPORTED
            : curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK
                ? answer_name(e, host, port)
                : ERR_FORMAT;
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(u);
    return r;
}

/* --- what the imitated tool sends ------------------------------------------------ */

/* Headers that would change how the request is framed are not the attacker's. */
static bool may_send(const char *line)
{
    static const char *const not [] = {
        "Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "Expect", "TE",
        "Trailer",        "HTTP2-Settings",    "Keep-Alive"};
    size_t n = strcspn(line, ":;");

    if (strpbrk(line, "\r\n") || !line[n] || strncasecmp(line, "Proxy-", 6) == 0)
        return false;
    for (size_t i = 0; i < sizeof not / sizeof *not ; i++)
        if (strlen(not [i]) == n && strncasecmp(line, not [i], n) == 0)
            return false;
    return true;
}

static bool has_line(const struct fetch_start *req, const char *name)
{
    for (size_t i = 0; req->lines[i]; i++)
        if (strncasecmp(req->lines[i], name, strlen(name)) == 0)
            return true;
    return false;
}

static bool add_line(struct fetch_easy *e, const char *line)
{
    struct curl_slist *l = curl_slist_append(e->lines, line);

    if (l)
        e->lines = l;
    return l != NULL;
}

/* libcurl sends Host, User-Agent and Accept by itself, as curl does. */
static int add_lines(struct fetch_easy *e, const struct fetch_start *req)
{
    bool ok = true, wget = strcmp(req->tool, "wget") == 0;
    bool busybox = wget && req->user_agent && strcmp(req->user_agent, "Wget") == 0;

    if (busybox) {
        ok = add_line(e, "Accept:") && add_line(e, "Connection: close");
    } else if (wget) {
        ok = (has_line(req, "Accept-Encoding:") || add_line(e, "Accept-Encoding: identity")) &&
             add_line(e, "Connection: Keep-Alive");
    }
    for (size_t i = 0; ok && req->lines[i]; i++)
        if (may_send(req->lines[i]))
            ok = add_line(e, req->lines[i]);
    return ok && curl_easy_setopt(e->curl, CURLOPT_HTTPHEADER, e->lines) == CURLE_OK ? 0
                                                                                     : ERR_NOMEM;
}

/* --- all together ----------------------------------------------------------------- */

/* The first option that curl refuses, if any: then nothing is fetched. */
#define SET(option, value)                                                                         \
    do {                                                                                           \
        if (c == CURLE_OK)                                                                         \
            c = curl_easy_setopt(e->curl, option, value);                                          \
    } while (0)

static int wall_in(struct fetch_easy *e, const struct fetch_easy_conf *conf)
{
    struct curl_blob ca = {(void *)(conf->ca ? conf->ca : ""), conf->ca_n, CURL_BLOB_NOCOPY};
    CURLcode c = CURLE_OK;

    SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
    SET(CURLOPT_OPENSOCKETDATA, e);
    SET(CURLOPT_FORBID_REUSE, 1L);
    SET(CURLOPT_FRESH_CONNECT, 1L);
    SET(CURLOPT_PROTOCOLS_STR, schemes);
    SET(CURLOPT_REDIR_PROTOCOLS_STR, schemes);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_COOKIEFILE, NULL);
    SET(CURLOPT_UNRESTRICTED_AUTH, 0L);
    SET(CURLOPT_FTP_SKIP_PASV_IP, 1L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_QUICK_EXIT, 1L);
    SET(CURLOPT_NOPROGRESS, 1L);
    SET(CURLOPT_CAPATH, NULL);
    SET(CURLOPT_CAINFO, NULL);
    SET(CURLOPT_CAINFO_BLOB, &ca);
    SET(CURLOPT_TIMEOUT_MS, (long)conf->time_ms);
    SET(CURLOPT_MAX_RECV_SPEED_LARGE, (curl_off_t)0);
    return c == CURLE_OK ? 0 : ERR_UNSUPPORTED;
}

static int ask(struct fetch_easy *e, const struct fetch_start *req)
{
    long redirects = req->max_redirects > REDIRECTS_MAX ? REDIRECTS_MAX : (long)req->max_redirects;
    long connect =
        req->timeout_ms && req->timeout_ms < CONNECT_MS ? (long)req->timeout_ms : CONNECT_MS;
    CURLcode c = CURLE_OK;

    SET(CURLOPT_URL, req->url);
    SET(CURLOPT_USERAGENT, req->user_agent);
    SET(CURLOPT_FOLLOWLOCATION, (long)(redirects > 0));
    SET(CURLOPT_MAXREDIRS, redirects);
    SET(CURLOPT_CONNECTTIMEOUT_MS, connect);
    SET(CURLOPT_SSL_VERIFYPEER, (long)!req->insecure);
    SET(CURLOPT_SSL_VERIFYHOST, req->insecure ? 0L : 2L);
    SET(CURLOPT_TFTP_NO_OPTIONS, (long)(strcmp(req->tool, "curl") != 0));
    if (strcmp(req->method, "HEAD") == 0)
        SET(CURLOPT_NOBODY, 1L);
    if (strcmp(req->tool, "curl") != 0) {
        SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
        SET(CURLOPT_SSL_ENABLE_ALPN, 0L);
    }
    return c == CURLE_OK ? 0 : ERR_FORMAT;
}

int fetch_easy_init(struct fetch_easy *e, const struct fetch_start *req,
                    const struct fetch_easy_conf *conf)
{
    int r;

    *e = (struct fetch_easy){.pass.guard = conf->guard, .clock = conf->clock};
    if (strcmp(req->method, "GET") != 0 && strcmp(req->method, "HEAD") != 0)
        return ERR_UNSUPPORTED;
    e->curl = curl_easy_init();
    if (!e->curl)
        return ERR_NOMEM;
    r = wall_in(e, conf);
    if (r == 0)
        r = look_at_url(e, req->url);
    if (r == 0)
        r = ask(e, req);
    if (r == 0)
        r = add_lines(e, req);
    if (r < 0)
        fetch_easy_done(e);
    return r;
}

void fetch_easy_done(struct fetch_easy *e)
{
    curl_easy_cleanup(e->curl);
    curl_slist_free_all(e->lines);
    curl_slist_free_all(e->names);
    fetch_pass_done(&e->pass);
    e->curl = NULL;
    e->lines = e->names = NULL;
}

static enum vm_fetch_error connect_error(const struct fetch_easy *e)
{
    long os = 0;

    if (e->pass.refused)
        return VM_FETCH_DENIED;
    (void)curl_easy_getinfo(e->curl, CURLINFO_OS_ERRNO, &os);
    switch (os) {
    case EHOSTUNREACH:
    case ENETUNREACH:
        return VM_FETCH_UNREACHABLE;
    case ETIMEDOUT:
        return VM_FETCH_TIMEOUT;
    default:
        return VM_FETCH_REFUSED;
    }
}

enum vm_fetch_error fetch_easy_error(const struct fetch_easy *e, CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return VM_FETCH_OK;
    case CURLE_COULDNT_RESOLVE_HOST:
        return VM_FETCH_RESOLVE;
    case CURLE_COULDNT_CONNECT:
        return connect_error(e);
    case CURLE_OPERATION_TIMEDOUT:
        return VM_FETCH_TIMEOUT;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
        return VM_FETCH_UNSUPPORTED;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CIPHER:
        return VM_FETCH_TLS;
    default:
        return e->pass.refused ? VM_FETCH_DENIED : VM_FETCH_BROKEN;
    }
}
