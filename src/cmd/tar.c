/* tar.c -- tar: its options, its names, its listing.
 *
 * Reading is in tar_read.c, writing in tar_write.c.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "cmd/tar.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/glob.h"
#include "cmd/tz.h"

enum { USAGE_STATUS = 64 }; /* of options that do not exist */
enum { STRIP = 1, EXCLUDE, NO_OWNER, OWNER, WILD, USAGE, REMOVE, NO_REC, IGNORED, SORT = 11 };

void tar_die(struct tar *t)
{
    cmd_warn(t->r, "Error is not recoverable: exiting now");
    vm_exit(t->r->p, TAR_FATAL);
}

void tar_fail(struct tar *t, int err, const char *name, const char *what)
{
    cmd_warn_err(t->r, err, "%s: %s", name, what);
    t->status = TAR_FATAL;
}

const char *tar_safe(struct tar *t, const char *name, bool link)
{
    size_t cut = 0;
    if (t->absolute)
        return name;
    for (size_t i = 0; name[i];) {
        size_t n = strcspn(name + i, "/");
        if (n == 2 && name[i] == '.' && name[i + 1] == '.')
            cut = i + n + (name[i + n] == '/');
        i += n + (name[i + n] == '/');
    }
    while (name[cut] == '/')
        cut++;
    bool *told = link ? &t->told_link : &t->told_root;
    if (cut && !*told)
        cmd_warn(t->r, "Removing leading `%.*s' from %s", (int)cut, name,
                 link ? "hard link targets" : "member names");
    *told |= cut > 0;
    return name[cut] ? name + cut : ".";
}

bool tar_excluded(struct tar *t, const char *name)
{
    for (int i = 0; i < t->excludes; i++)
        for (const char *s = name; s; s = strchr(s, '/') ? strchr(s, '/') + 1 : NULL) {
            char *head = vm_strdup(t->r->p, s);
            size_t n = strlen(head);
            while (n > 1 && head[n - 1] == '/')
                head[--n] = '\0';
            for (char *cut = head + n; cut; cut = strrchr(head, '/')) {
                *cut = '\0';
                if (glob_match(t->exclude[i], head, 0))
                    return true;
            }
        }
    return false;
}

char *tar_user_group(struct tar *t, const char *user, uint32_t uid, const char *group, uint32_t gid)
{
    const char *u = user && *user ? user : vm_asprintf(t->r->p, "%u", uid);
    const char *g = group && *group ? group : vm_asprintf(t->r->p, "%u", gid);
    return vm_asprintf(t->r->p, "%s/%s", u, g);
}

void tar_show(struct tar *t, const struct vfs_stat *st, const char *name, const char *link,
              const char *user_group)
{
    struct vfile *out = t->action == 'c' && !strcmp(t->file, "-") ? t->r->err : t->r->out;
    if (t->verbose + (t->action == 't') < 2) {
        vf_printf(out, "%s\n", name);
        return;
    }
    char mode[11];
    struct tm tm;
    cmd_mode_text(st->mode, mode);
    if (link && !S_ISLNK(st->mode))
        mode[0] = 'h';
    tz_local(tz_of(t->r->p, NULL), st->mtime.tv_sec, &tm);
    const char *size = S_ISCHR(st->mode) || S_ISBLK(st->mode)
                           ? vm_asprintf(t->r->p, "%u,%u", (unsigned)(st->rdev >> 8 & 0xfff),
                                         (unsigned)(st->rdev & 0xff))
                           : vm_asprintf(t->r->p, "%lld", (long long)st->size);
    size_t used = strlen(user_group) + 1 + strlen(size);
    if (used > t->width)
        t->width = used;
    vf_printf(out, "%s %s %*s %04d-%02d-%02d %02d:%02d %s%s%s\n", mode, user_group,
              (int)(t->width - strlen(user_group) - 1), size, tm.tm_year + 1900, tm.tm_mon + 1,
              tm.tm_mday, tm.tm_hour, tm.tm_min, name,
              !link               ? ""
              : S_ISLNK(st->mode) ? " -> "
                                  : " link to ",
              link ? link : "");
}

/* --- options ------------------------------------------------------------------- */

/* "xzf a.tgz" as "-x -z -f a.tgz": the first word may lack its dash. */
static char **modern(struct cmd_run *r, int *argc)
{
    char **old = r->argv, *first = r->argc ? old[0] : NULL;
    size_t extra = first && *first != '-' ? strlen(first) : 0;
    char **out = vm_alloc(r->p, ((size_t)r->argc + extra + 2) * sizeof(*out));
    int n = 0, at = 0;
    out[n++] = vm_strdup(r->p, r->name);
    if (extra) {
        at = 1;
        for (const char *c = first; *c; c++) {
            const char *o = *c == ':' ? NULL : strchr(r->cmd->opts, *c);
            out[n++] = vm_asprintf(r->p, "-%c", *c);
            if (!o || o[1] != ':')
                continue;
            if (at >= r->argc) {
                cmd_warn(r, "Old option '%c' requires an argument.", *c);
                *argc = -1;
                return NULL;
            }
            out[n++] = old[at++];
        }
    }
    while (at < r->argc)
        out[n++] = old[at++];
    *argc = n;
    return out;
}

/* Lines of a file as further operands or patterns. */
static void add_lines(struct tar *t, const char *file, const char **to, int *n, int max)
{
    struct vfile *f = cmd_stream(t->r, file);
    if (!f)
        tar_die(t);
    size_t len;
    for (char *line; *n < max && (line = vf_getline(f, &len));) {
        if (len && line[len - 1] == '\n')
            line[len - 1] = '\0';
        if (*line)
            to[(*n)++] = vm_strdup(t->r->p, line);
    }
    cmd_stream_close(t->r, f);
}

enum { LINES_MAX = 4096 };

static void read_options(struct tar *t)
{
    struct cmd_run *r = t->r;
    const char **names = NULL;
    int count = 0;
    t->exclude = vm_alloc(r->p, (strlen(r->opt) + LINES_MAX + 1) * sizeof(char *));
    for (size_t i = 0; r->opt[i]; i++) {
        const char *arg = r->optarg[i];
        int64_t n;
        switch (r->opt[i]) {
        case 'v':
            t->verbose++;
            break;
        case 'f':
            t->file = arg;
            break;
        case 'z':
            t->kind = PACK_GZIP;
            break;
        case 'j':
            t->kind = PACK_BZIP2;
            break;
        case 'J':
            t->kind = PACK_XZ;
            break;
        case 'P':
            t->absolute = true;
            break;
        case 'O':
            t->to_stdout = true;
            break;
        case 'k':
            t->keep_old = true;
            break;
        case 'p':
            t->keep_perms = true;
            break;
        case 'm':
            t->no_mtime = true;
            break;
        case 'h':
            t->follow = true;
            break;
        case OWNER:
            t->keep_owner = true;
            break;
        case 'o':
        case NO_OWNER:
            t->keep_owner = false;
            break;
        case WILD:
            t->wildcards = true;
            break;
        case REMOVE:
            t->remove = true;
            break;
        case NO_REC:
            t->no_recursion = true;
            break;
        case SORT:
            t->sort = !strcmp(arg, "name");
            break;
        case EXCLUDE:
            t->exclude[t->excludes++] = arg;
            break;
        case 'X':
            add_lines(t, arg, t->exclude, &t->excludes, LINES_MAX);
            break;
        case STRIP:
            if (str_int(arg, 0, 1000, &n)) {
                cmd_warn(r, "%s: Invalid number of elements", arg);
                tar_die(t);
            }
            t->strip = (int)n;
            break;
        case 'T':
            if (!names)
                names = vm_alloc(r->p, ((size_t)r->argc + LINES_MAX + 1) * sizeof(char *));
            add_lines(t, arg, names, &count, LINES_MAX);
            break;
        case 'a':
            if (t->action == 'c' && t->file)
                t->kind = str_ends(t->file, "gz")    ? PACK_GZIP
                          : str_ends(t->file, "bz2") ? PACK_BZIP2
                          : str_ends(t->file, "xz")  ? PACK_XZ
                                                     : t->kind;
            break;
        default:
            break;
        }
    }
    if (names) {
        for (int i = 0; i < r->argc; i++)
            names[count++] = r->argv[i];
        r->argv = vm_alloc(r->p, ((size_t)count + 1) * sizeof(char *));
        for (int i = 0; i < count; i++)
            r->argv[i] = vm_strdup(r->p, names[i]);
        r->argc = count;
    }
}

static int choose_action(struct tar *t)
{
    for (const char *o = t->r->opt; *o; o++) {
        if (!strchr("cxtru", *o))
            continue;
        if (t->action && t->action != *o) {
            cmd_warn(t->r, "You may not specify more than one '-Acdtrux', '--delete' or  "
                           "'--test-label' option");
            return cmd_usage(t->r);
        }
        t->action = *o;
    }
    if (t->action)
        return 0;
    cmd_warn(t->r, "You must specify one of the '-Acdtrux', '--delete' or '--test-label' options");
    return cmd_usage(t->r);
}

/* The archive as descriptor; the program leaves if there is none. */
static int open_archive(struct tar *t)
{
    struct proc *p = t->r->p;
    bool writing = t->action == 'c';
    if (!strcmp(t->file, "-")) {
        if (!vm_isatty(p, writing))
            return writing;
        cmd_warn(t->r, "Refusing to %s terminal (missing -f option?)",
                 writing ? "write archive contents to" : "read archive contents from");
        tar_die(t);
    }
    int fd = vm_open(p, t->file, writing ? O_WRONLY | O_CREAT | O_TRUNC : O_RDONLY, 0666);
    if (fd < 0) {
        cmd_warn_err(t->r, fd, "%s: Cannot open", t->file);
        tar_die(t);
    }
    return fd;
}

static void enter(struct tar *t)
{
    for (size_t i = 0; t->r->opt[i]; i++) {
        int e = t->r->opt[i] == 'C' ? vm_chdir(t->r->p, t->r->optarg[i]) : 0;
        if (e >= 0)
            continue;
        cmd_warn_err(t->r, e, "%s: Cannot open", t->r->optarg[i]);
        tar_die(t);
    }
}

static int tar_run(struct cmd_run *r)
{
    struct tar *t = vm_alloc(r->p, sizeof(*t));
    bool root = vm_geteuid(r->p) == 0;
    *t = (struct tar){.r = r, .width = 19, .keep_perms = root, .keep_owner = root};
    int argc;
    char **argv = modern(r, &argc);
    if (!argv)
        return cmd_usage(r);
    int status = cmd_getopt(r, argc, argv);
    if (status >= 0)
        return status ? USAGE_STATUS : 0;
    if (cmd_has(r, USAGE)) {
        size_t n;
        const char *text = vm_text(r->p, "tar --usage", &n);
        if (text)
            vf_write(r->out, text, n);
        return 0;
    }
    if ((status = choose_action(t)))
        return status;
    read_options(t);
    if (!t->file)
        t->file = vm_getenv(r->p, "TAPE") ? vm_getenv(r->p, "TAPE") : "-";
    if (t->action == 'u' || t->action == 'r') {
        cmd_warn(r, "%s: Cannot open: Permission denied", t->file);
        tar_die(t);
    }
    if (t->action == 'c' && !r->argc) {
        cmd_warn(r, "Cowardly refusing to create an empty archive");
        return cmd_usage(r);
    }
    t->fd = open_archive(t);
    enter(t);
    if (t->action == 'c') {
        int level = t->kind == PACK_BZIP2 ? 9 : 6;
        t->pack = pack_writer(r->p, t->kind, t->fd, level);
        tar_create(t);
    } else {
        tar_read(t);
    }
    if (t->status)
        cmd_warn(r, "Exiting with failure status due to previous errors");
    return t->status;
}

static const char *const tar_longs[] = {
    "create=c",
    "extract=x",
    "get=x",
    "list=t",
    "append=r",
    "update=u",
    "file:=f",
    "directory:=C",
    "verbose=v",
    "gzip=z",
    "gunzip=z",
    "ungzip=z",
    "bzip2=j",
    "xz=J",
    "auto-compress=a",
    "absolute-names=P",
    "to-stdout=O",
    "keep-old-files=k",
    "preserve-permissions=p",
    "same-permissions=p",
    "touch=m",
    "dereference=h",
    "files-from:=T",
    "exclude-from:=X",
    "strip-components:=\1",
    "exclude:=\2",
    "no-same-owner=\3",
    "same-owner=\4",
    "wildcards=\5",
    "usage=\6",
    "remove-files=\7",
    "no-recursion=\10",
    "no-same-permissions=\11",
    "overwrite=\11",
    "numeric-owner=\11",
    "owner:=\11",
    "group:=\11",
    "mode:=\11",
    "format:=H",
    "warning:=\11",
    "ignore-failed-read=\11",
    "one-file-system=\11",
    "sparse=S",
    "totals=\11",
    "unlink-first=U",
    "no-overwrite-dir=\11",
    "skip-old-files=k",
    "anchored=\11",
    "no-wildcards=\11",
    "xattrs=\11",
    "acls=\11",
    "selinux=\11",
    "ignore-zeros=i",
    "blocking-factor:=b",
    "checkpoint=\11",
    "sort:=\13",
    NULL,
};

const struct cmd cmd_tar = {
    .name = "tar",
    .opts = "cxtruf:C:vzjJaPOkpmhoT:X:SUilwWZb:g:H:N:I:B",
    .longs = tar_longs,
    .flags = CMD_RAW,
    .usage_status = TAR_FATAL,
    .try = "Try '%s --help' or '%s --usage' for more information.\n",
    .run = tar_run,
};
