/* applet.c -- how busybox fetches: its wget, tftp, ftpget, ftpput.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "cmd/applet.h"

#include <string.h>
#include <sys/socket.h>

#include "cmd/sys.h"
#include "cmd/url.h"

enum { BLOCK = 16384 };

static int usage(struct cmd_run *r, const char *name)
{
    (void)sys_text(r, vm_asprintf(r->p, "busybox %s --help", name));
    return 1;
}

/* Short options as getopt parses them; long ones that take no notice. Fills
 * arg[c] for each given ("" without argument). false: show the usage. */
static bool parse(struct cmd_run *r, const char *opts, const char *arg[128], char **rest, int *n)
{
    *n = 0;
    for (int i = 0; i < r->argc; i++) {
        const char *w = r->argv[i];
        if (w[0] != '-' || !w[1]) {
            rest[(*n)++] = r->argv[i];
            continue;
        }
        if (w[1] == '-') {
            static const struct {
                const char *name;
                char c;
            } longs[] = {{"--continue", 'c'}, {"--quiet", 'q'}, {"--no-check-certificate", '\1'},
                         {"--spider", 's'},   {"--get", 'g'},   {"--put", 'p'},
                         {"--verbose", 'v'}};
            bool known = false;
            for (size_t k = 0; k < sizeof(longs) / sizeof(longs[0]); k++)
                if (!strcmp(longs[k].name, w)) {
                    arg[(int)longs[k].c] = "";
                    known = true;
                }
            if (!known) {
                cmd_warn(r, "unrecognized option '%s'", w);
                return false;
            }
            continue;
        }
        for (const char *c = w + 1; *c; c++) {
            const char *o = *c == ':' ? NULL : strchr(opts, *c);
            if (!o || *c < ' ') {
                cmd_warn(r, "invalid option -- '%c'", *c);
                return false;
            }
            arg[(int)*c] = "";
            if (o[1] != ':')
                continue;
            arg[(int)*c] = c[1] ? c + 1 : i + 1 < r->argc ? r->argv[++i] : NULL;
            if (!arg[(int)*c]) {
                cmd_warn(r, "option requires an argument -- '%c'", *c);
                return false;
            }
            break;
        }
    }
    return true;
}

static const char *peer(struct cmd_run *r, const struct vm_fetch_info *info, const char *host)
{
    return info->addr.text[0] ? vm_strdup(r->p, info->addr.text) : host;
}

static int report(struct cmd_run *r, const struct vm_fetch_info *info, const char *host)
{
    switch (info->error) {
    case VM_FETCH_RESOLVE:
        cmd_warn(r, "bad address '%s'", host);
        break;
    case VM_FETCH_REFUSED:
        cmd_warn(r, "can't connect to remote host (%s): Connection refused", peer(r, info, host));
        break;
    case VM_FETCH_UNREACHABLE:
        cmd_warn(r, "can't connect to remote host (%s): No route to host", peer(r, info, host));
        break;
    case VM_FETCH_BROKEN:
        cmd_warn(r, "error getting response: Connection reset by peer");
        break;
    case VM_FETCH_TLS:
        cmd_warn(r, "error getting response: Connection reset by peer");
        break;
    default:
        cmd_warn(r, "can't connect to remote host (%s): Connection timed out", peer(r, info, host));
    }
    return 1;
}

/* Copies the body to a file: its size, or -1 after a message. */
static int64_t store(struct cmd_run *r, struct vm_fetch *f, const char *file, const char *mode)
{
    int err;
    struct vfile *to = strcmp(file, "-") ? vf_open(r->p, file, mode, &err) : r->out;
    if (!to) {
        cmd_warn(r, "can't open '%s': %s", file, vm_strerror(-err));
        return -1;
    }
    char *block = vm_alloc(r->p, BLOCK);
    int64_t got = 0;
    ssize_t n;
    while ((n = vm_fetch_read(f, block, BLOCK)) > 0) {
        vf_write(to, block, (size_t)n);
        got += n;
    }
    vm_release(r->p, block, BLOCK);
    err = to == r->out ? vf_flush(to) : vf_close(to);
    if (err < 0 || n < 0) {
        cmd_warn(r, "%s: %s", err < 0 ? "write error" : "read error",
                 err < 0 ? vm_strerror(-err) : "Connection reset by peer");
        return -1;
    }
    return got;
}

/* --- wget ---------------------------------------------------------------------------- */
static void bar(struct cmd_run *r, const char *name, int64_t got)
{
    int cols = sys_columns(r);
    int stars = (cols > 40 ? cols : 80) - 48;
    struct str b;
    str_init(&b, r->arena);
    str_fill(&b, '*', (size_t)(stars > 0 ? stars : 1));
    const char *size = got < 100000 ? vm_asprintf(r->p, "%5lld", (long long)got)
                                    : vm_asprintf(r->p, "%4lldk", (long long)got / 1024);
    vf_printf(r->err, "\r%-20.20s 100%% |%s| %s  0:00:00 ETA\n", name, str_text(&b), size);
}

int applet_wget(struct cmd_run *r)
{
    const char *arg[128] = {NULL};
    char **url = vm_alloc(r->p, ((size_t)r->argc + 1) * sizeof(*url));
    int n, status = 0;
    if (!parse(r, "cqO:o:P:SU:T:Y:t:n:s", arg, url, &n) || !n)
        return usage(r, "wget");
    bool quiet = arg['q'];
    for (int i = 0; i < n && !status; i++) {
        struct net_url u;
        struct vm_fetch *f;
        if (!net_url_parse(r, url[i], &u)) {
            cmd_warn(r, "not an http or ftp url: %s", url[i]);
            return 1;
        }
        const char *name = arg['O'] ? arg['O'] : net_url_file(r, &u);
        if (!*name)
            name = "index.html";
        if (arg['P'] && !arg['O'])
            name = cmd_path_join(r, arg['P'], name);
        struct vm_fetch_req q = {.tool = "wget",
                                 .method = arg['s'] ? "HEAD" : "GET",
                                 .url = u.text,
                                 .user_agent = arg['U'] ? arg['U'] : "Wget",
                                 .max_redirects = 5,
                                 .insecure = true};
        struct vm_addr a;
        if (!quiet && vm_resolve(r->p, u.host, AF_UNSPEC, &a, 1) > 0) {
            vf_printf(r->err, "Connecting to %s (%s:%d)\n",
                      vm_asprintf(r->p, "%.*s", (int)strcspn(strstr(u.text, "//") + 2, "/"),
                                  strstr(u.text, "//") + 2),
                      a.text, u.port);
        }
        if (vm_fetch_open(r->p, &q, &f) < 0)
            return 1;
        const struct vm_fetch_info *info = vm_fetch_info(f);
        struct vfs_stat st;
        if (info->error) {
            status = report(r, info, u.host);
        } else if (!u.ftp && info->status != 200 && info->status != 206) {
            cmd_warn(r, "server returned error: %s",
                     info->headers && info->headers[0] ? info->headers[0] : "");
            status = 1;
        } else if (!arg['s'] && !arg['O'] && !arg['c'] && vm_stat(r->p, name, &st) == 0) {
            cmd_warn(r, "can't open '%s': File exists", name);
            status = 1;
        } else if (!arg['s']) {
            bool out = !strcmp(name, "-");
            if (!quiet)
                vf_printf(r->err, out ? "writing to stdout\n" : "saving to '%s'\n", name);
            int64_t got = store(r, f, name, arg['c'] ? "ae" : "we");
            status = got < 0;
            if (!quiet && got >= 0) {
                bar(r, out ? "-" : cmd_base(name), got);
                vf_printf(r->err, out ? "written to stdout\n" : "'%s' saved\n", name);
            }
        }
        vm_fetch_close(f);
    }
    return status;
}

/* --- tftp ------------------------------------------------------------------------------ */
static int tftp_run(struct cmd_run *r)
{
    const char *arg[128] = {NULL};
    char **rest = vm_alloc(r->p, ((size_t)r->argc + 1) * sizeof(*rest));
    struct vm_addr a;
    struct vm_fetch *f;
    int n;
    if (!parse(r, "gpl:r:b:", arg, rest, &n) || !n || !(arg['g'] || arg['p']))
        return usage(r, "tftp");
    const char *remote = arg['r'] ? arg['r'] : arg['l'];
    const char *local = arg['l'] ? arg['l'] : arg['r'] ? cmd_base(arg['r']) : NULL;
    if (!remote)
        return usage(r, "tftp");
    struct vm_fetch_req q = {.tool = "tftp",
                             .method = arg['p'] ? "PUT" : "GET",
                             .url = vm_asprintf(r->p, "tftp://%s%s%s/%s", rest[0], n > 1 ? ":" : "",
                                                n > 1 ? rest[1] : "", remote + (*remote == '/'))};
    if (vm_fetch_open(r->p, &q, &f) < 0)
        return 1;
    const struct vm_fetch_info *info = vm_fetch_info(f);
    if (vm_resolve(r->p, rest[0], AF_UNSPEC, &a, 1) <= 0 || info->error == VM_FETCH_RESOLVE) {
        cmd_warn(r, "bad address '%s'", rest[0]);
        return 1;
    }
    if (info->error == VM_FETCH_REFUSED) {
        cmd_warn(r, "read error: Connection refused");
        return 1;
    }
    if (info->error) {
        cmd_warn(r, "timeout");
        return 1;
    }
    return arg['p'] ? 0 : store(r, f, local, "we") < 0;
}

const struct cmd cmd_tftp = {.name = "tftp", .flags = CMD_RAW | CMD_NO_TEXT, .run = tftp_run};

/* --- ftpget, ftpput ------------------------------------------------------------------------ */
static int ftp_run(struct cmd_run *r)
{
    const char *arg[128] = {NULL};
    char **rest = vm_alloc(r->p, ((size_t)r->argc + 1) * sizeof(*rest));
    struct vm_fetch *f;
    int n;
    bool put = !strcmp(r->cmd->name, "ftpput");
    if (!parse(r, "cvu:p:P:", arg, rest, &n) || n < 2 || n > 3)
        return usage(r, r->cmd->name);
    const char *host = rest[0], *local = put && n > 2 ? rest[2] : rest[1];
    const char *remote = put ? rest[1] : rest[n - 1];
    const char *user = arg['u'] ? arg['u'] : "anonymous";
    struct vm_fetch_req q = {.tool = r->cmd->name,
                             .method = put ? "PUT" : "GET",
                             .url = vm_asprintf(r->p, "ftp://%s%s%s@%s%s%s/%s", user,
                                                arg['p'] ? ":" : "", arg['p'] ? arg['p'] : "", host,
                                                arg['P'] ? ":" : "", arg['P'] ? arg['P'] : "",
                                                remote + (*remote == '/'))};
    size_t size = 0;
    if (put && !(q.body = sys_slurp(r, local, &size, NULL))) {
        cmd_warn(r, "can't open '%s': No such file or directory", local);
        return 1;
    }
    q.body_n = size;
    if (vm_fetch_open(r->p, &q, &f) < 0)
        return 1;
    const struct vm_fetch_info *info = vm_fetch_info(f);
    if (arg['v'] && info->addr.text[0])
        vf_printf(r->err, "Connecting to %s (%s:%s)\n", host, info->addr.text,
                  arg['P'] ? arg['P'] : "21");
    if (info->error)
        return report(r, info, host);
    if (info->status >= 400) {
        cmd_warn(r, "unexpected server response to RETR: 550 Failed to open file.");
        return 1;
    }
    return put ? 0 : store(r, f, local, "we") < 0;
}

const struct cmd cmd_ftpget = {.name = "ftpget", .flags = CMD_RAW | CMD_NO_TEXT, .run = ftp_run};
const struct cmd cmd_ftpput = {.name = "ftpput", .flags = CMD_RAW | CMD_NO_TEXT, .run = ftp_run};
