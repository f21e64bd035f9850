/* wget.c -- emulated GNU Wget 1.21.3: what it says while it fetches, and the
 * file on the virtual disk.
 *
 * The request itself is the virtual network's (vm/net.h). Messages go to
 * standard error or the log file; wget_show.c draws the progress.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "cmd/wget.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "cmd/applet.h"
#include "cmd/sys.h"
#include "cmd/tz.h"

enum {
    O_NO_CHECK = 1,
    O_HEADER,
    O_POST,
    O_SPIDER,
    O_PROGRESS,
    O_SHOW,
    O_IGNORED,
    O_NO_CLOBBER,
    O_METHOD = 11,
    BLOCK = 16384,
    HOPS = 20,
    EXIT_GENERIC = 1,
    EXIT_FILE = 3,
    EXIT_NETWORK = 4,
    EXIT_TLS = 5,
    EXIT_SERVER = 8,
};

void wget_say(struct wget *w, const char *fmt, ...)
{
    va_list ap;
    if (w->quiet || w->brief)
        return;
    va_start(ap, fmt);
    vf_vprintf(w->log, fmt, ap);
    va_end(ap);
}

/* Also with -nv. */
static void tell(struct wget *w, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void tell(struct wget *w, const char *fmt, ...)
{
    va_list ap;
    if (w->quiet)
        return;
    va_start(ap, fmt);
    vf_vprintf(w->log, fmt, ap);
    va_end(ap);
}
#define say wget_say

static const char *stamp(struct wget *w)
{
    struct tm tm;
    char text[32];
    tz_local(tz_of(w->r->p, NULL), vm_now(w->r->p).tv_sec, &tm);
    return strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm) ? vm_strdup(w->r->p, text) : "";
}

/* Of several failures the one with the lowest number counts, 1 least. */
static int worse(struct wget *w, int status)
{
    if (!w->worst || w->worst == 1 || (status < w->worst && status > 1))
        w->worst = status;
    return status;
}

static const char *quoted(struct wget *w, const char *s)
{
    return vm_asprintf(w->r->p, cmd_utf8(w->r->p) ? "\u2018%s\u2019" : "'%s'", s);
}

/* --- where it goes ------------------------------------------------------------------ */
static bool exists(struct cmd_run *r, const char *file, int64_t *size)
{
    struct vfs_stat st;
    if (vm_stat(r->p, file, &st) < 0 || !S_ISREG(st.mode))
        return false;
    *size = (int64_t)st.size;
    return true;
}

static void choose_file(struct job *j)
{
    struct cmd_run *r = j->w->r;
    const char *name = net_url_file(r, &j->url), *dir = cmd_arg(r, 'P');
    int64_t size;
    if (!*name)
        name = "index.html";
    j->file = dir ? cmd_path_join(r, dir, name) : name;
    if (j->w->cont || cmd_has(r, 'N') || cmd_has(r, O_NO_CLOBBER))
        return;
    const char *plain = j->file;
    for (int i = 1; exists(r, j->file, &size) && i < 1000; i++)
        j->file = vm_asprintf(r->p, "%s.%d", plain, i);
}

static bool open_file(struct job *j, bool append)
{
    struct cmd_run *r = j->w->r;
    int err;
    if (j->w->out) {
        j->to = j->w->out;
        return true;
    }
    const char *dir = cmd_arg(r, 'P');
    if (dir)
        (void)vm_mkdir(r->p, dir, 0777);
    j->to = vf_open(r->p, j->file, append ? "ae" : "we", &err);
    if (j->to)
        return true;
    tell(j->w, "%s: %s\n\nCannot write to %s (Success).\n", j->file, vm_strerror(-err),
         quoted(j->w, j->file));
    return false;
}

/* --- one request ----------------------------------------------------------------------- */
static bool said_resolved(struct job *j)
{
    struct wget *w = j->w;
    struct vm_addr a[4];
    if (vm_addr_parse(j->url.host, &a[0])) {
        say(w, "Connecting to %s:%d... ", j->url.host, j->url.port);
        return true;
    }
    say(w, "Resolving %s (%s)... ", j->url.host, j->url.host);
    (void)vf_flush(w->log);
    int n = vm_resolve(w->r->p, j->url.host, cmd_has(w->r, '6') ? AF_INET6 : AF_UNSPEC, a, 4);
    if (n <= 0) {
        say(w, "failed: %s.\n",
            n < 0 ? "Temporary failure in name resolution" : "Name or service not known");
        tell(w, "%s: unable to resolve host address %s\n", w->r->name, quoted(w, j->url.host));
        return false;
    }
    for (int i = 0; i < n && i < 3; i++)
        say(w, "%s%s", i ? ", " : "", a[i].text);
    say(w, n > 3 ? ", ...\n" : "\n");
    say(w, "Connecting to %s (%s)|%s|:%d... ", j->url.host, j->url.host, a[0].text, j->url.port);
    return true;
}

static void ask(struct job *j, struct vm_fetch_req *req)
{
    struct cmd_run *r = j->w->r;
    const char **h = vm_alloc(r->p, (strlen(r->opt) + 3) * sizeof(*h));
    size_t n = 0;
    if (j->have)
        h[n++] = vm_asprintf(r->p, "Range: bytes=%lld-", (long long)j->have);
    for (size_t i = 0; r->opt[i]; i++)
        if (r->opt[i] == O_HEADER)
            h[n++] = r->optarg[i];
    const char *t = cmd_arg(r, 'T'), *body = cmd_arg(r, O_POST), *method = cmd_arg(r, O_METHOD);
    int64_t seconds = 0;
    if (t && str_int(t, 0, 86400, &seconds))
        seconds = 0;
    *req = (struct vm_fetch_req){.tool = "wget",
                                 .method = method         ? method
                                           : body         ? "POST"
                                           : j->w->spider ? "HEAD"
                                                          : "GET",
                                 .url = j->url.text,
                                 .headers = h,
                                 .body = body,
                                 .body_n = body ? strlen(body) : 0,
                                 .user_agent = cmd_arg(r, 'U') ? cmd_arg(r, 'U') : "Wget/1.21.3",
                                 .insecure = cmd_has(r, O_NO_CHECK),
                                 .timeout_ms = (int)seconds * 1000};
}

static void describe_length(struct job *j, const struct vm_fetch_info *info)
{
    struct wget *w = j->w;
    const char *type = net_header(info->headers, "Content-Type");
    j->total = info->length >= 0 ? j->have + info->length : -1;
    if (info->length < 0) {
        say(w, "Length: unspecified");
    } else {
        say(w, "Length: %lld", (long long)j->total);
        if (j->total >= 1024)
            say(w, " (%s)", wget_size(w, j->total, 10, 1));
        if (j->have)
            say(w, ", %lld%s remaining", (long long)info->length,
                info->length < 1024
                    ? ""
                    : vm_asprintf(w->r->p, " (%s)", wget_size(w, info->length, 10, 1)));
    }
    if (type)
        say(w, " [%.*s]", (int)strcspn(type, ";"), type);
    else if (j->url.ftp)
        say(w, " (unauthoritative)");
    say(w, "\n");
}

/* The body, to its end: false if it broke off or could not be written. */
static bool transfer(struct job *j)
{
    struct wget *w = j->w;
    struct cmd_run *r = w->r;
    char *block = vm_alloc(r->p, BLOCK);
    ssize_t n;
    int64_t drawn = 0;
    bool show = (w->bar && !w->quiet && !w->brief) || cmd_has(r, O_SHOW);
    j->start_us = j->row_us = vm_mono_us(r->p);
    if (show)
        wget_bar(j, false);
    while ((n = vm_fetch_read(j->fetch, block, BLOCK)) > 0) {
        vf_write(j->to, block, (size_t)n);
        j->got += n;
        int64_t now = vm_mono_us(r->p);
        if (show && now - drawn > 200000) {
            wget_bar(j, false);
            (void)vf_flush(w->log);
            drawn = now;
        } else if (!show) {
            wget_dots(j, n, now);
        }
        if (vf_error(j->to))
            break;
    }
    vm_release(r->p, block, BLOCK);
    int64_t now = vm_mono_us(r->p);
    if (show) {
        wget_bar(j, true);
        vf_puts(w->log, "\n\n");
    } else {
        wget_dots_end(j, now);
    }
    w->bytes += j->got;
    w->fetch_us += now - j->start_us;
    return n == 0 && !vf_error(j->to);
}

static int finish(struct job *j, bool whole)
{
    struct wget *w = j->w;
    const char *speed = wget_rate(w, j->got, vm_mono_us(w->r->p) - j->start_us);
    long long got = (long long)(j->have + j->got), total = (long long)j->total;
    int err = j->to == w->out ? vf_flush(j->to) : vf_close(j->to);
    if (err < 0) {
        tell(w, "\nCannot write to %s (%s).\n", quoted(w, j->file), vm_strerror(-err));
        return worse(w, EXIT_FILE);
    }
    if (!whole || (total > 0 && got < total)) {
        say(w, "%s (%s) - Connection closed at byte %lld. ", stamp(w), speed, got);
        return worse(w, EXIT_NETWORK);
    }
    w->files++;
    const char *counts = total < 0 ? vm_asprintf(w->r->p, "[%lld]", got)
                                   : vm_asprintf(w->r->p, "[%lld/%lld]", got, total);
    if (w->brief)
        tell(w, "%s URL:%s %s -> \"%s\" [1]\n", stamp(w), j->url.text, counts, j->file);
    else if (!strcmp(j->file, "-"))
        say(w, "%s (%s) - written to stdout %s\n\n", stamp(w), speed, counts);
    else
        say(w, "%s (%s) - %s saved %s\n\n", stamp(w), speed, quoted(w, j->file), counts);
    return 0;
}

static const char *reason_of(const struct vm_fetch_info *info)
{
    const char *line = info->headers ? info->headers[0] : NULL;
    const char *s = line ? strchr(line, ' ') : NULL;
    s = s ? strchr(s + 1, ' ') : NULL;
    return s && s[1] ? s + 1 : "(no description)";
}

enum step { STEP_DONE, STEP_AGAIN, STEP_REDIRECT };

static void say_response(struct job *j, const struct vm_fetch_info *info)
{
    struct wget *w = j->w;
    const char *name = net_url_file(w->r, &j->url);
    if (j->url.ftp) {
        say(w,
            "connected.\nLogging in as anonymous ... Logged in!\n==> SYST ... done.    ==> PWD ... "
            "done.\n==> TYPE I ... done.  ==> CWD not needed.\n==> SIZE %s ... %lld\n==> PASV ... "
            "done.    ==> RETR %s ... done.\n",
            name, (long long)info->length, name);
        return;
    }
    say(w, "connected.\nHTTP request sent, awaiting response... ");
    if (!cmd_has(w->r, 'S')) {
        say(w, "%d %s\n", info->status, reason_of(info));
        return;
    }
    say(w, "\n");
    for (size_t i = 0; info->headers && info->headers[i]; i++)
        say(w, "  %s\n", info->headers[i]);
}

/* What a response means before its body. */
static enum step respond(struct job *j, const struct vm_fetch_info *info, int *status)
{
    struct wget *w = j->w;
    const char *reason = reason_of(info), *where;
    say_response(j, info);
    *status = 0;
    if (info->status / 100 == 3 && (where = net_header(info->headers, "Location"))) {
        say(w, "Location: %s [following]\n", where);
        if (net_url_join(w->r, &j->url, where))
            return STEP_REDIRECT;
        *status = worse(w, EXIT_GENERIC);
        return STEP_DONE;
    }
    if (info->status == 416 && j->have) {
        say(w, "\n    The file is already fully retrieved; nothing to do.\n\n");
        return STEP_DONE;
    }
    if (!j->url.ftp && info->status / 100 != 2) {
        if (w->spider)
            say(w, "Remote file does not exist -- broken link!!!\n\n");
        else if (w->brief)
            tell(w, "%s:\n%s ERROR %d: %s.\n", j->url.text, stamp(w), info->status, reason);
        else
            say(w, "%s ERROR %d: %s.\n\n", stamp(w), info->status, reason);
        *status = worse(w, EXIT_SERVER);
        return STEP_DONE;
    }
    if (info->status != 206)
        j->have = 0;
    describe_length(j, info);
    if (w->spider) {
        say(w, "Remote file exists.\n\n");
        return STEP_DONE;
    }
    say(w, "Saving to: %s\n", quoted(w, strcmp(j->file, "-") ? j->file : "STDOUT"));
    if (w->bar || cmd_has(w->r, O_SHOW))
        say(w, "\n");
    if (!open_file(j, j->have > 0)) {
        *status = worse(w, EXIT_FILE);
        return STEP_DONE;
    }
    *status = finish(j, transfer(j));
    return *status == EXIT_NETWORK ? STEP_AGAIN : STEP_DONE;
}

static enum step refused(struct job *j, enum vm_fetch_error error, int *status)
{
    struct wget *w = j->w;
    *status = worse(w, error == VM_FETCH_TLS ? EXIT_TLS : EXIT_NETWORK);
    switch (error) {
    case VM_FETCH_TLS:
        say(w, "connected.\n");
        tell(w,
             "ERROR: The certificate of %s is not trusted.\nERROR: The certificate of %s doesn't "
             "have a known issuer.\n",
             quoted(w, j->url.host), quoted(w, j->url.host));
        return STEP_DONE;
    case VM_FETCH_BROKEN:
        say(w, "connected.\nHTTP request sent, awaiting response... No data received.\n");
        return STEP_AGAIN;
    case VM_FETCH_REFUSED:
        say(w, "failed: Connection refused.\n");
        return STEP_DONE;
    case VM_FETCH_UNREACHABLE:
        say(w, "failed: No route to host.\n");
        return STEP_DONE;
    default:
        say(w, "failed: Connection timed out.\n");
        return STEP_AGAIN;
    }
}

static enum step request(struct job *j, int *status)
{
    struct wget *w = j->w;
    struct vm_fetch_req req;
    if (j->url.ftp)
        say(w, "           => %s\n", quoted(w, j->file));
    bool resolved = said_resolved(j);
    (void)vf_flush(w->log);
    /* Made even for a name that does not resolve, so that the URL is known. */
    ask(j, &req);
    if (vm_fetch_open(w->r->p, &req, &j->fetch) < 0) {
        *status = worse(w, EXIT_NETWORK);
        return STEP_DONE;
    }
    const struct vm_fetch_info *info = vm_fetch_info(j->fetch);
    enum step step = STEP_DONE;
    if (!resolved)
        *status = worse(w, EXIT_NETWORK);
    else if (info->error == VM_FETCH_OK)
        step = respond(j, info, status);
    else
        step = refused(j, info->error, status);
    vm_fetch_close(j->fetch);
    return step;
}

/* One document with its redirects and retries. */
static int retrieve(struct wget *w, const char *text)
{
    struct cmd_run *r = w->r;
    struct job j = {.w = w};
    int status = EXIT_NETWORK, hops = 0;
    int64_t size;
    if (!net_url_parse(r, text, &j.url)) {
        tell(w, "%s: Unsupported scheme.\n", text);
        return worse(w, EXIT_GENERIC);
    }
    j.file = cmd_arg(r, 'O');
    if (!w->out)
        choose_file(&j);
    if (cmd_has(r, O_NO_CLOBBER) && !w->out && exists(r, j.file, &size)) {
        say(w, "File %s already there; not retrieving.\n\n", quoted(w, j.file));
        return 0;
    }
    for (int try = 1; try <= w->tries;) {
        if (w->cont && !w->out && exists(r, j.file, &size))
            j.have = size;
        j.got = j.dots = j.rows = j.partial = 0;
        const char *count = try > 1 ? vm_asprintf(r->p, "(try:%2d)  ", try) : "";
        say(w, "--%s--  %s%s\n", stamp(w), count, j.url.text);
        enum step step = request(&j, &status);
        if (step == STEP_DONE)
            return status;
        if (step == STEP_REDIRECT) {
            if (++hops > HOPS) {
                say(w, "%d redirections exceeded.\n", HOPS);
                return worse(w, EXIT_SERVER);
            }
            continue;
        }
        if (++try > w->tries)
            break;
        say(w, "Retrying.\n\n");
        (void)vf_flush(w->log);
        if (vm_sleep_us(r->p, (try > 10 ? 10 : try - 1) * INT64_C(1000000)) < 0)
            return status;
    }
    say(w, "Giving up.\n\n");
    return status;
}

/* The URLs of a list file: one a line. */
static void retrieve_list(struct wget *w, const char *file)
{
    char *at = sys_slurp(w->r, file, NULL, NULL), *line;
    if (!at) {
        tell(w, "%s: No such file or directory\nNo URLs found in %s.\n", file, file);
        worse(w, EXIT_GENERIC);
        return;
    }
    while ((line = sys_line(&at)))
        if (*line)
            (void)retrieve(w, line);
}

static bool open_logs(struct wget *w)
{
    struct cmd_run *r = w->r;
    const char *o = cmd_arg(r, 'o'), *a = cmd_arg(r, 'a'), *out = cmd_arg(r, 'O');
    int err = 0;
    w->bar = vm_isatty(r->p, 2) && !o && !a;
    if (o || a)
        w->log = vf_open(r->p, o ? o : a, o ? "we" : "ae", &err);
    else /* many small pieces: gathered, and flushed where they must be seen */
        w->log = vf_fdopen(r->p, vm_dup(r->p, 2, 3), "we");
    if (!w->log) {
        vf_printf(r->err, "%s: %s\n", o ? o : a ? a : "stderr", vm_strerror(-err));
        return false;
    }
    if (!out)
        return true;
    if (!strcmp(out, "-")) {
        w->out = r->out;
        return true;
    }
    w->out = vf_open(r->p, out, w->cont ? "ae" : "we", &err);
    if (!w->out)
        vf_printf(r->err, "%s: %s\n", out, vm_strerror(-err));
    return w->out != NULL;
}

static int wget_run(struct cmd_run *r)
{
    struct wget w = {.r = r,
                     .quiet = cmd_has(r, 'q'),
                     .brief = cmd_has(r, 'v'),
                     .spider = cmd_has(r, O_SPIDER),
                     .cont = cmd_has(r, 'c'),
                     .tries = 20};
    int64_t tries;
    if (cmd_has(r, 'V'))
        return sys_text(r, "wget --version");
    if (cmd_has(r, 'h'))
        return sys_text(r, "wget --help");
    if (!r->argc && !cmd_has(r, 'i')) {
        vf_printf(r->err, "%s: missing URL\n", r->name);
        (void)cmd_usage(r);
        return EXIT_GENERIC;
    }
    if (cmd_arg(r, 't') && !str_int(cmd_arg(r, 't'), 0, 10000, &tries))
        w.tries = tries ? (int)tries : 1 << 30;
    if (!open_logs(&w))
        return EXIT_GENERIC;
    int64_t start = vm_mono_us(r->p);
    for (int i = 0; i < r->argc; i++)
        (void)retrieve(&w, r->argv[i]);
    if (cmd_arg(r, 'i'))
        retrieve_list(&w, cmd_arg(r, 'i'));
    if (r->argc > 1 && w.files)
        say(&w,
            "FINISHED --%s--\nTotal wall clock time: %ss\nDownloaded: %u files, %s in %ss (%s)\n",
            stamp(&w), wget_seconds(&w, vm_mono_us(r->p) - start), w.files,
            wget_size(&w, w.bytes, 10, 1), wget_seconds(&w, w.fetch_us),
            wget_rate(&w, w.bytes, w.fetch_us));
    (void)vf_close(w.log);
    if (w.out && w.out != r->out)
        (void)vf_close(w.out);
    return w.worst;
}

static const char *const wget_longs[] = {"output-document:=O",
                                         "quiet=q",
                                         "continue=c",
                                         "directory-prefix:=P",
                                         "no-check-certificate=\1",
                                         "header:=\2",
                                         "post-data:=\3",
                                         "spider=\4",
                                         "progress:=\5",
                                         "show-progress=\6",
                                         "no-verbose=v",
                                         "verbose=\7",
                                         "tries:=t",
                                         "timeout:=T",
                                         "input-file:=i",
                                         "output-file:=o",
                                         "append-output:=a",
                                         "user-agent:=U",
                                         "server-response=S",
                                         "background=b",
                                         "no-clobber=\10",
                                         "timestamping=N",
                                         "limit-rate:=\7",
                                         "wait:=w",
                                         "recursive=r",
                                         "level:=l",
                                         "no-parent=n",
                                         "user:=\7",
                                         "password:=\7",
                                         "http-user:=\7",
                                         "http-password:=\7",
                                         "ftp-user:=\7",
                                         "ftp-password:=\7",
                                         "inet4-only=4",
                                         "inet6-only=6",
                                         "no-proxy=\7",
                                         "no-cache=\7",
                                         "referer:=\7",
                                         "no-dns-cache=\7",
                                         "connect-timeout:=T",
                                         "dns-timeout:=\7",
                                         "read-timeout:=\7",
                                         "waitretry:=\7",
                                         "retry-connrefused=\7",
                                         "max-redirect:=\7",
                                         "method:=\13",
                                         "body-data:=\3",
                                         "content-disposition=\7",
                                         "no-hsts=\7",
                                         "execute:=e",
                                         "mirror=m",
                                         "page-requisites=p",
                                         "convert-links=k",
                                         "accept:=A",
                                         "reject:=R",
                                         "no-directories=\7",
                                         "no-host-directories=\7",
                                         "cut-dirs:=\7",
                                         "secure-protocol:=\7",
                                         "ca-certificate:=\7",
                                         "no-passive-ftp=\7",
                                         "debug=d",
                                         "version=V",
                                         "help=h",
                                         NULL};

/* -n is half of -nv, -nc, -nd: v, c and d then mean something else. */
static int wget_start(struct cmd_run *r)
{
    if (r->busybox)
        return applet_wget(r);
    char **argv = vm_alloc(r->p, ((size_t)r->argc + 2) * sizeof(*argv));
    argv[0] = (char *)(uintptr_t)r->name;
    for (int i = 0; i < r->argc; i++) {
        const char *a = r->argv[i];
        argv[i + 1] = !strcmp(a, "-nv")   ? vm_strdup(r->p, "--no-verbose")
                      : !strcmp(a, "-nc") ? vm_strdup(r->p, "--no-clobber")
                      : !strcmp(a, "-nd") ? vm_strdup(r->p, "--no-directories")
                      : !strcmp(a, "-nH") ? vm_strdup(r->p, "--no-host-directories")
                      : !strcmp(a, "-v")  ? vm_strdup(r->p, "--verbose")
                                          : r->argv[i];
    }
    int status = cmd_getopt(r, r->argc + 1, argv);
    return status < 0 ? wget_run(r) : status;
}

const struct cmd cmd_wget = {
    .name = "wget",
    .opts = "VhbdO:qcP:vt:T:i:Fo:a:U:SNw:rl:n46e:mpkA:R:EHKLxQ:I:X:D:B:",
    .longs = wget_longs,
    .flags = CMD_RAW | CMD_NO_TEXT,
    .usage_status = 2,
    .try = "Usage: %s [OPTION]... [URL]...\n\nTry `%s --help' for more options.\n",
    .run = wget_start,
};
