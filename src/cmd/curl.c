/* curl.c -- emulated curl 7.88.1: transfers to standard output or files, the
 * meter, the error texts.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>
#include <sys/stat.h>

#include "cmd/sys.h"
#include "cmd/url.h"

enum { BLOCK = 16384, LINE = 1024 };

/* Options: what they are called, whether they take an argument. */
static const struct option {
    char key;
    const char *name;
    bool arg;
} options[] = {
    {'o', "output", true},
    {'O', "remote-name", false},
    {'s', "silent", false},
    {'S', "show-error", false},
    {'L', "location", false},
    {'k', "insecure", false},
    {'f', "fail", false},
    {'I', "head", false},
    {'i', "include", false},
    {'v', "verbose", false},
    {'X', "request", true},
    {'d', "data", true},
    {'d', "data-raw", true},
    {'d', "data-binary", true},
    {'d', "data-urlencode", true},
    {'d', "data-ascii", true},
    {'d', "json", true},
    {'H', "header", true},
    {'A', "user-agent", true},
    {'e', "referer", true},
    {'u', "user", true},
    {'x', "proxy", true},
    {'m', "max-time", true},
    {'T', "upload-file", true},
    {'F', "form", true},
    {'C', "continue-at", true},
    {'w', "write-out", true},
    {'#', "progress-bar", false},
    {'g', "globoff", false},
    {'G', "get", false},
    {'4', "ipv4", false},
    {'6', "ipv6", false},
    {'r', "range", true},
    {'b', "cookie", true},
    {'c', "cookie-jar", true},
    {'V', "version", false},
    {'h', "help", false},
    {'J', "remote-header-name", false},
    {'R', "remote-time", false},
    {'D', "dump-header", true},
    {'N', "no-buffer", false},
    {'n', "netrc", false},
    {'q', "disable", false},
    {'Z', "parallel", false},
    {'a', "append", false},
    {'l', "list-only", false},
    {'y', "speed-time", true},
    {'Y', "speed-limit", true},
    {'z', "time-cond", true},
    {'E', "cert", true},
    {'K', "config", true},
    {'1', "tlsv1", false},
    {'0', "http1.0", false},
    {'2', "sslv2", false},
    {'3', "sslv3", false},
    {'j', "junk-session-cookies", false},
    {'P', "ftp-port", true},
    {'Q', "quote", true},
    {'t', "telnet-option", true},
    {'M', "manual", false},
    {'p', "proxytunnel", false},
    {'\1', "connect-timeout", true},
    {'\2', "url", true},
    {'\3', "retry", true},
    {'\4', "output-dir", true},
    {'\5', "create-dirs", false},
    {'\6', "compressed", false},
    {'\6', "http1.1", false},
    {'\6', "http2", false},
    {'\6', "tlsv1.2", false},
    {'\6', "tlsv1.3", false},
    {'\6', "no-progress-meter", false},
    {'\7', "retry-delay", true},
    {'\7', "retry-max-time", true},
    {'\7', "limit-rate", true},
    {'\7', "max-redirs", true},
    {'\7', "proto", true},
    {'\7', "resolve", true},
    {'\7', "cacert", true},
    {'\7', "ciphers", true},
    {'\7', "keepalive-time", true},
    {'\7', "max-filesize", true},
    {'\7', "interface", true},
    {'\7', "dns-servers", true},
    {'\7', "socks5", true},
    {'\7', "noproxy", true},
    {'\7', "proto-default", true},
    {'\6', "ssl", false},
    {'\6', "tcp-nodelay", false},
    {'\6', "path-as-is", false},
    {'\6', "retry-connrefused", false},
    {'\6', "ipv4", false},
    {'f', "fail-with-body", false},
};

struct curl {
    struct cmd_run *r;
    const char *last[128]; /* argument of each option; "" when it has none */
    const char *out[64], *url[64];
    const char *header[64];
    int nout, nurl, nheader;
    struct str data;
    bool has_data;
};

static bool has(const struct curl *c, int key)
{
    return c->last[key] != NULL;
}

static int complain(struct curl *c, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
static int complain(struct curl *c, int code, const char *fmt, ...)
{
    va_list ap;
    (void)vf_flush(c->r->out);
    if (has(c, 's') && !has(c, 'S'))
        return code;
    struct str b;
    str_init(&b, c->r->arena);
    str_printf(&b, "curl: (%d) ", code);
    va_start(ap, fmt);
    str_vprintf(&b, fmt, ap);
    va_end(ap);
    vf_printf(c->r->err, "%s\n", str_text(&b));
    return code;
}

/* --- options ---------------------------------------------------------------------- */
static int bad_option(struct curl *c, const char *word, const char *why)
{
    vf_printf(c->r->err,
              "curl: option %s: %s\ncurl: try 'curl --help' or 'curl --manual' for more "
              "information\n",
              word, why);
    return 2;
}

static void add_data(struct curl *c, const char *text)
{
    size_t n = strlen(text);
    if (*text == '@')
        text = sys_slurp(c->r, text + 1, &n, NULL);
    if (c->has_data)
        str_putc(&c->data, '&');
    c->has_data = true;
    if (text)
        str_add(&c->data, text, n);
}

static void take(struct curl *c, const struct option *o, const char *arg)
{
    c->last[(int)o->key] = arg ? arg : "";
    if (o->key == 'd')
        add_data(c, arg);
    else if (o->key == 'H' && c->nheader < 63)
        c->header[c->nheader++] = arg;
    else if ((o->key == 'o' || o->key == 'O') && c->nout < 64)
        c->out[c->nout++] = arg; /* NULL: the URL's own name */
    else if (o->key == '\2' && c->nurl < 64)
        c->url[c->nurl++] = arg;
}

static int parse_long(struct curl *c, int *i)
{
    struct cmd_run *r = c->r;
    const char *word = r->argv[*i], *name = word + 2;
    const struct option *found = NULL;
    size_t n = strlen(name);
    for (size_t k = 0; k < sizeof(options) / sizeof(options[0]); k++) {
        if (strncmp(options[k].name, name, n) != 0)
            continue;
        if (options[k].name[n] == '\0' || !found)
            found = &options[k];
        if (options[k].name[n] == '\0')
            break;
    }
    if (!found)
        return str_starts(name, "no-") ? 0 : bad_option(c, word, "is unknown");
    if (found->arg && *i + 1 >= r->argc)
        return bad_option(c, word, "requires parameter");
    take(c, found, found->arg ? r->argv[++*i] : NULL);
    return 0;
}

static int parse_short(struct curl *c, int *i)
{
    struct cmd_run *r = c->r;
    for (const char *at = r->argv[*i] + 1; *at; at++) {
        const struct option *found = NULL;
        for (size_t k = 0; k < sizeof(options) / sizeof(options[0]) && !found; k++)
            if (options[k].key == *at && *at > ' ')
                found = &options[k];
        if (!found)
            return bad_option(c, r->argv[*i], "is unknown");
        if (!found->arg) {
            take(c, found, NULL);
            continue;
        }
        const char *arg = at[1] ? at + 1 : *i + 1 < r->argc ? r->argv[++*i] : NULL;
        if (!arg)
            return bad_option(c, r->argv[*i], "requires parameter");
        take(c, found, arg);
        break;
    }
    return 0;
}

/* --- the meter ------------------------------------------------------------------------ */
static const char *five(struct cmd_run *r, int64_t n)
{
    long long v = n;
    if (v < 100000)
        return vm_asprintf(r->p, "%5lld", v);
    if (v < 10000 * 1024LL)
        return vm_asprintf(r->p, "%4lldk", v / 1024);
    if (v < 100 * 1048576LL)
        return vm_asprintf(r->p, "%2lld.%lldM", v / 1048576, v % 1048576 / (1048576 / 10));
    return vm_asprintf(r->p, "%4lldM", v / 1048576);
}

static const char *clock_text(struct cmd_run *r, int64_t s)
{
    return s <= 0 ? "--:--:--"
                  : vm_asprintf(r->p, "%2lld:%02lld:%02lld", (long long)s / 3600,
                                (long long)s / 60 % 60, (long long)s % 60);
}

struct meter {
    bool on, bar, begun;
    int64_t start_us, drawn_us, total, got, sent;
};

static void meter_draw(struct curl *c, struct meter *m, int64_t now)
{
    struct cmd_run *r = c->r;
    if (!m->on)
        return;
    m->drawn_us = now;
    int64_t us = now - m->start_us, all = (m->total > 0 ? m->total : m->got) + m->sent;
    int percent = m->total > 0 ? (int)(m->got * 100 / m->total) : 0;
    if (m->bar) {
        int cols = sys_columns(r), width = (cols > 20 ? cols : 79) - 8;
        int n = m->total > 0 ? (int)((double)m->got / (double)m->total * width) : 0;
        struct str b;
        str_init(&b, r->arena);
        str_fill(&b, '#', (size_t)(n < 0 ? 0 : n));
        vf_printf(r->err, "\r%-*s %5.1f%%", width, str_text(&b),
                  m->total > 0 ? (double)m->got * 100 / (double)m->total : 0);
        return;
    }
    if (!m->begun)
        vf_puts(r->err,
                "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n"
                "                                 Dload  Upload   Total   Spent    Left  Speed\n");
    m->begun = true;
    int64_t speed = us > 0 ? m->got * 1000000 / us : 0, up = us > 0 ? m->sent * 1000000 / us : 0;
    int64_t whole = m->total > 0 && speed > 0 ? m->total / speed : 0;
    vf_printf(r->err, "\r%3d %s  %3d %s  %3d %s  %s  %s %s %s %s %s", percent, five(r, all),
              percent, five(r, m->got), m->sent ? 100 : 0, five(r, m->sent), five(r, speed),
              five(r, up), clock_text(r, whole), clock_text(r, us / 1000000),
              clock_text(r, whole ? whole - us / 1000000 : 0), five(r, speed));
}

/* --- one transfer --------------------------------------------------------------------------- */
static int failed(struct curl *c, const struct net_url *u, enum vm_fetch_error e, int64_t us)
{
    long long ms = us / 1000;
    switch (e) {
    case VM_FETCH_RESOLVE:
        return complain(c, 6, "Could not resolve host: %s", u->host);
    case VM_FETCH_TLS:
        return complain(c, 60,
                        "SSL certificate problem: self-signed certificate\nMore details here: "
                        "https://curl.se/docs/sslcerts.html\n\ncurl failed to verify the "
                        "legitimacy of the server and therefore could not\nestablish a secure "
                        "connection to it. To learn more about this situation and\nhow to fix it, "
                        "please visit the web page mentioned above.");
    case VM_FETCH_BROKEN:
        return complain(c, 52, "Empty reply from server");
    case VM_FETCH_UNSUPPORTED:
        return complain(c, 1, "Protocol \"%s\" not supported or disabled in libcurl", u->scheme);
    case VM_FETCH_REFUSED:
    case VM_FETCH_UNREACHABLE:
        return complain(c, 7,
                        "Failed to connect to %s port %d after %lld ms: Couldn't connect to "
                        "server",
                        u->host, u->port, ms);
    default:
        if (has(c, '\1') || has(c, 'm'))
            return complain(c, 28, "Connection timed out after %lld milliseconds", ms);
        return complain(c, 28,
                        "Failed to connect to %s port %d after %lld ms: Couldn't connect to "
                        "server",
                        u->host, u->port, ms);
    }
}

static void write_out(struct curl *c, const struct net_url *u, const struct vm_fetch_info *info,
                      const struct meter *m, int64_t us)
{
    struct cmd_run *r = c->r;
    for (const char *at = c->last['w']; at && *at; at++) {
        size_t n = strcspn(at + (*at != '\0'), "}");
        if (*at == '\\' && at[1]) {
            at++;
            vf_putc(r->out, *at == 'n' ? '\n' : *at == 't' ? '\t' : *at == 'r' ? '\r' : *at);
        } else if (str_starts(at, "%{") && at[n + 1] == '}') {
            const char *name = vm_asprintf(r->p, "%.*s", (int)n - 1, at + 2);
            if (!strcmp(name, "http_code") || !strcmp(name, "response_code"))
                vf_printf(r->out, "%03d", info->error ? 0 : info->status);
            else if (!strcmp(name, "url_effective") || !strcmp(name, "url"))
                vf_puts(r->out, u->text);
            else if (!strcmp(name, "size_download"))
                vf_printf(r->out, "%lld", (long long)m->got);
            else if (!strcmp(name, "remote_ip"))
                vf_puts(r->out, info->addr.text);
            else if (str_starts(name, "time_"))
                vf_printf(r->out, "%.6f", (double)us / 1e6);
            at += n + 1;
        } else {
            vf_putc(r->out, *at);
        }
    }
}

static void show_headers(struct curl *c, const struct vm_fetch_info *info, struct vfile *to,
                         const char *before)
{
    (void)c;
    for (size_t i = 0; info->headers && info->headers[i]; i++)
        vf_printf(to, "%s%s\r\n", before, info->headers[i]);
    vf_printf(to, "%s\r\n", before);
}

static void say_verbose(struct curl *c, const struct net_url *u, const struct vm_fetch_req *q,
                        const struct vm_fetch_info *info)
{
    struct vfile *e = c->r->err;
    vf_printf(e, "*   Trying %s:%d...\n", info->addr.text, u->port);
    vf_printf(e, "* Connected to %s (%s) port %d (#0)\n> %s %s HTTP/1.1\r\n> Host: %s\r\n", u->host,
              info->addr.text, u->port, q->method, u->path, u->host);
    vf_printf(e, "> User-Agent: %s\r\n> Accept: */*\r\n", q->user_agent);
    for (int i = 0; i < c->nheader; i++)
        vf_printf(e, "> %s\r\n", c->header[i]);
    vf_puts(e, "> \r\n");
    show_headers(c, info, e, "< ");
}

static int receive(struct curl *c, struct vm_fetch *f, struct vfile *to, struct meter *m)
{
    struct cmd_run *r = c->r;
    char *block = vm_alloc(r->p, BLOCK);
    ssize_t n;
    bool tty = to == r->out && vm_isatty(r->p, 1) && !c->nout;
    while ((n = vm_fetch_read(f, block, BLOCK)) > 0) {
        if (tty && !m->got && memchr(block, '\0', (size_t)n)) {
            vf_puts(r->err,
                    "Warning: Binary output can mess up your terminal. Use \"--output -\" to tell "
                    "\nWarning: curl to output it to your terminal anyway, or consider "
                    "\"--output \nWarning: <FILE>\" to save to a file.\n");
            return 23;
        }
        vf_write(to, block, (size_t)n);
        m->got += n;
        if (vf_error(to))
            return complain(c, 23, "Failure writing output to destination");
        int64_t now = vm_mono_us(r->p);
        if (now - m->drawn_us > 1000000)
            meter_draw(c, m, now);
    }
    vm_release(r->p, block, BLOCK);
    meter_draw(c, m, vm_mono_us(r->p));
    if (m->on)
        vf_putc(r->err, '\n');
    if (n < 0 || (m->total > 0 && m->got < m->total))
        return complain(c, 18, "transfer closed with %lld bytes remaining to read",
                        (long long)(m->total - m->got));
    return 0;
}

static void request_of(struct curl *c, const struct net_url *u, struct vm_fetch_req *q)
{
    const char *limit = has(c, '\1') ? c->last['\1'] : c->last['m'];
    double seconds = 0;
    size_t n = 0;
    if (limit && str_double(limit, 0, 86400, &seconds))
        seconds = 0;
    const void *body = c->has_data && !has(c, 'G') ? str_text(&c->data) : NULL;
    n = body ? c->data.n : 0;
    if (has(c, 'T'))
        body = sys_slurp(c->r, c->last['T'], &n, NULL);
    *q = (struct vm_fetch_req){.tool = "curl",
                               .method = has(c, 'X')   ? c->last['X']
                                         : has(c, 'I') ? "HEAD"
                                         : has(c, 'T') ? "PUT"
                                         : body        ? "POST"
                                                       : "GET",
                               .url = u->text,
                               .headers = c->header,
                               .body = body,
                               .body_n = n,
                               .user_agent = has(c, 'A') ? c->last['A'] : "curl/7.88.1",
                               .insecure = has(c, 'k'),
                               .timeout_ms = (int)(seconds * 1000)};
}

/* Where the body goes; NULL after a warning. */
static struct vfile *destination(struct curl *c, const struct net_url *u, int i)
{
    struct cmd_run *r = c->r;
    int err;
    if (i >= c->nout)
        return r->out;
    const char *name = c->out[i] ? c->out[i] : net_url_file(r, u);
    if (c->out[i] && !strcmp(name, "-"))
        return r->out;
    if (c->last['\4'])
        name = cmd_path_join(r, c->last['\4'], name);
    struct vfile *f = vf_open(r->p, name, has(c, 'C') ? "ae" : "we", &err);
    if (!f)
        vf_printf(r->err, "Warning: Failed to open the file %s: %s\n", name, vm_strerror(-err));
    return f;
}

static int transfer(struct curl *c, int i)
{
    struct cmd_run *r = c->r;
    struct net_url u;
    struct vm_fetch *f;
    struct vm_fetch_req q;
    if (!net_url_parse(r, c->url[i], &u))
        return u.port || !*u.scheme
                   ? complain(c, 3, "URL using bad/illegal format or missing URL")
                   : complain(c, 1, "Protocol \"%s\" not supported or disabled in libcurl",
                              u.scheme);
    if (i < c->nout && !c->out[i] && !*net_url_file(r, &u)) {
        vf_puts(r->err, "curl: Remote file name has no length!\n");
        return complain(c, 23, "Failure writing output to destination");
    }
    struct meter m = {.start_us = vm_mono_us(r->p), .bar = has(c, '#')};
    m.on = !has(c, 's') && (i < c->nout || !vm_isatty(r->p, 1));
    meter_draw(c, &m, m.start_us);
    const struct vm_fetch_info *info;
    for (int hops = 0;; hops++) {
        request_of(c, &u, &q);
        if (vm_fetch_open(r->p, &q, &f) < 0)
            return 7;
        info = vm_fetch_info(f);
        const char *where = net_header(info->headers, "Location");
        if (info->error || info->status / 100 != 3 || !where || !has(c, 'L'))
            break;
        vm_fetch_close(f);
        if (hops >= 50)
            return complain(c, 47, "Maximum (50) redirects followed");
        if (!net_url_join(r, &u, where))
            return complain(c, 3, "URL using bad/illegal format or missing URL");
    }
    int64_t us = vm_mono_us(r->p) - m.start_us;
    int status = 0;
    if (info->error) {
        meter_draw(c, &m, vm_mono_us(r->p));
        if (m.on)
            vf_putc(r->err, '\n');
        status = failed(c, &u, info->error, us);
    } else {
        m.total = info->length;
        if (has(c, 'v'))
            say_verbose(c, &u, &q, info);
        if (has(c, 'f') && info->status >= 400) {
            meter_draw(c, &m, vm_mono_us(r->p));
            if (m.on)
                vf_putc(r->err, '\n');
            status = complain(c, 22, "The requested URL returned error: %d", info->status);
        } else {
            struct vfile *to = destination(c, &u, i);
            if (!to) {
                status = complain(c, 23, "Failure writing output to destination");
            } else {
                if (has(c, 'i') || has(c, 'I'))
                    show_headers(c, info, to, "");
                /* A response to HEAD has no body, whatever its length. */
                if (has(c, 'I'))
                    m.total = 0;
                status = receive(c, f, to, &m);
                if (to != r->out)
                    (void)vf_close(to);
            }
        }
    }
    if (has(c, 'w'))
        write_out(c, &u, info, &m, vm_mono_us(r->p) - m.start_us);
    vm_fetch_close(f);
    return status;
}

static int curl_run(struct cmd_run *r)
{
    struct curl *c = vm_alloc(r->p, sizeof(*c));
    int status = 0;
    c->r = r;
    str_init(&c->data, r->arena);
    bool literal = false;
    for (int i = 0; i < r->argc; i++) {
        const char *a = r->argv[i];
        int bad = 0;
        if (!literal && !strcmp(a, "--"))
            literal = true;
        else if (!literal && a[0] == '-' && a[1] == '-')
            bad = parse_long(c, &i);
        else if (!literal && a[0] == '-' && a[1])
            bad = parse_short(c, &i);
        else if (c->nurl < 64)
            c->url[c->nurl++] = a;
        if (bad)
            return bad;
    }
    if (has(c, 'V'))
        return sys_text(r, "curl --version");
    if (has(c, 'h'))
        return sys_text(r, r->argc > 1 ? "curl --help all" : "curl --help");
    if (!c->nurl && r->argc && sys_text(r, "curl#") < 0) {
        vf_puts(r->err, "curl: no URL specified!\ncurl: try 'curl --help' or 'curl --manual' for "
                        "more information\n");
        return 2;
    }
    if (!c->nurl)
        return sys_text(r, "curl");
    for (int i = 0; i < c->nurl; i++) {
        status = transfer(c, i);
        int64_t tries = 0;
        if (status && has(c, '\3') && !str_int(c->last['\3'], 0, 20, &tries))
            while (tries-- > 0 && (status == 28 || status == 22) && vm_sleep_us(r->p, 1000000) == 0)
                status = transfer(c, i);
    }
    return status;
}

const struct cmd cmd_curl = {
    .name = "curl", .flags = CMD_RAW | CMD_NO_TEXT | CMD_NO_APPLET, .run = curl_run};
