/* stat.c -- what a file's inode says; truncate and mktemp beside it.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cmd/cmd.h"
#include "cmd/tz.h"

static const char *kind(const struct vfs_stat *st)
{
    switch (st->mode & S_IFMT) {
    case S_IFDIR:
        return "directory";
    case S_IFLNK:
        return "symbolic link";
    case S_IFCHR:
        return "character special file";
    case S_IFBLK:
        return "block special file";
    case S_IFIFO:
        return "fifo";
    case S_IFSOCK:
        return "socket";
    default:
        return st->size ? "regular file" : "regular empty file";
    }
}

static const char *time_text(struct cmd_run *r, struct timespec t)
{
    struct tm tm;
    char a[64], b[16];
    tz_local(tz_of(r->p, NULL), t.tv_sec, &tm);
    strftime(a, sizeof(a), "%Y-%m-%d %H:%M:%S", &tm);
    strftime(b, sizeof(b), "%z", &tm);
    return vm_asprintf(r->p, "%s.%09ld %s", a, t.tv_nsec, b);
}

/* One directive's text about the file system; NULL if there is none of that letter. */
static const char *fs_directive(struct proc *p, char c, const char *path)
{
    uint64_t b, f, i, g;
    if (vm_statfs(p, path, &b, &f, &i, &g))
        b = f = i = g = 0;
    switch (c) {
    case 'n':
        return path;
    case 'b':
        return vm_asprintf(p, "%lu", (unsigned long)b);
    case 'f':
    case 'a':
        return vm_asprintf(p, "%lu", (unsigned long)f);
    case 'c':
        return vm_asprintf(p, "%lu", (unsigned long)i);
    case 'd':
        return vm_asprintf(p, "%lu", (unsigned long)g);
    case 's':
    case 'S':
        return "4096";
    case 'l':
        return "255";
    case 't':
        return "ef53";
    case 'T':
        return "ext2/ext3";
    case 'i':
        return "0";
    default:
        return NULL;
    }
}

/* One directive's text; NULL if there is none of that letter. */
static const char *directive(struct cmd_run *r, char c, const char *path, const struct vfs_stat *st,
                             bool fs)
{
    struct proc *p = r->p;
    char mode[11], to[VFS_PATH_MAX];
    const char *name;
    if (fs)
        return fs_directive(p, c, path);
    switch (c) {
    case 'a':
        return vm_asprintf(p, "%o", st->mode & 07777);
    case 'A':
        cmd_mode_text(st->mode, mode);
        return vm_strdup(p, mode);
    case 'b':
        return vm_asprintf(p, "%ld", (long)st->blocks);
    case 'B':
        return "512";
    case 'd':
        return vm_asprintf(p, "%lu", (unsigned long)st->dev);
    case 'D':
        return vm_asprintf(p, "%lx", (unsigned long)st->dev);
    case 'f':
        return vm_asprintf(p, "%x", st->mode);
    case 'F':
        return kind(st);
    case 'g':
        return vm_asprintf(p, "%u", st->gid);
    case 'G':
        name = cmd_group_name(r, st->gid);
        return name ? name : "UNKNOWN";
    case 'h':
        return vm_asprintf(p, "%lu", (unsigned long)st->nlink);
    case 'i':
        return vm_asprintf(p, "%lu", (unsigned long)st->ino);
    case 'm':
        return "/";
    case 'n':
        return path;
    case 'N': {
        ssize_t n = S_ISLNK(st->mode) ? vm_readlink(p, path, to, sizeof(to) - 1) : -1;
        if (n < 0)
            return cmd_quote(r, path);
        to[n] = '\0';
        return vm_asprintf(p, "%s -> %s", cmd_quote(r, path), cmd_quote(r, to));
    }
    case 'o':
        return vm_asprintf(p, "%u", st->blksize);
    case 's':
        return vm_asprintf(p, "%ld", (long)st->size);
    case 't':
        return vm_asprintf(p, "%x", major(st->rdev));
    case 'T':
        return vm_asprintf(p, "%x", minor(st->rdev));
    case 'u':
        return vm_asprintf(p, "%u", st->uid);
    case 'U':
        name = cmd_user_name(r, st->uid);
        return name ? name : "UNKNOWN";
    case 'w':
        return time_text(r, st->btime);
    case 'W':
        return vm_asprintf(p, "%ld", (long)st->btime.tv_sec);
    case 'x':
        return time_text(r, st->atime);
    case 'X':
        return vm_asprintf(p, "%ld", (long)st->atime.tv_sec);
    case 'y':
        return time_text(r, st->mtime);
    case 'Y':
        return vm_asprintf(p, "%ld", (long)st->mtime.tv_sec);
    case 'z':
        return time_text(r, st->ctime);
    case 'Z':
        return vm_asprintf(p, "%ld", (long)st->ctime.tv_sec);
    default:
        return NULL;
    }
}

static void put_format(struct cmd_run *r, const char *f, const char *path,
                       const struct vfs_stat *st, bool escapes)
{
    static const char from[] = "abefnrtv\\\"", to[] = "\a\b\033\f\n\r\t\v\\\"";
    for (; *f; f++) {
        const char *e = escapes && *f == '\\' && f[1] ? strchr(from, f[1]) : NULL;
        if (e) {
            vf_putc(r->out, to[e - from]);
            f++;
        } else if (*f == '%' && f[1]) {
            size_t n = strspn(f + 1, "-+ #0123456789.");
            char c = f[1 + n];
            if (c == '%') {
                vf_putc(r->out, '%');
            } else {
                /* %Hd and %Ld: the halves of a device number */
                bool high = c == 'H' || c == 'L';
                const char *text =
                    high ? vm_asprintf(r->p, "%u",
                                       c == 'H' ? major(f[2 + n] == 'r' ? st->rdev : st->dev)
                                                : minor(f[2 + n] == 'r' ? st->rdev : st->dev))
                         : directive(r, c, path, st, cmd_has(r, 'f'));
                const char *width = f + 1 + strspn(f + 1, "-+ #0");
                int64_t w = 0;
                for (; *width >= '0' && *width <= '9'; width++)
                    w = w < 1000 ? w * 10 + (*width - '0') : w;
                bool left = memchr(f + 1, '-', n) != NULL, zero = memchr(f + 1, '0', n) == f + 1;
                text = text ? text : "?";
                for (int64_t k = (int64_t)strlen(text); !left && k < w; k++)
                    vf_putc(r->out, zero ? '0' : ' ');
                vf_puts(r->out, text);
                for (int64_t k = (int64_t)strlen(text); left && k < w; k++)
                    vf_putc(r->out, ' ');
                n += high;
            }
            f += n + 1;
        } else {
            vf_putc(r->out, *f);
        }
    }
}

static const char *default_format(struct cmd_run *r, const struct vfs_stat *st)
{
    if (cmd_has(r, 'f') && cmd_has(r, 't'))
        return "%n %i %l %t %s %S %b %f %a %c %d\n";
    if (cmd_has(r, 'f'))
        return "  File: \"%n\"\n    ID: %-8i Namelen: %-7l Type: %T\nBlock size: %-10s Fundamental "
               "block "
               "size: %S\nBlocks: Total: %-10b Free: %-10f Available: %a\nInodes: Total: %-10c "
               "Free: %d\n";
    if (cmd_has(r, 't'))
        return "%n %s %b %f %u %g %D %i %h %t %T %X %Y %Z %W %o\n";
    return S_ISCHR(st->mode) || S_ISBLK(st->mode)
               ? "  File: %N\n  Size: %-10s\tBlocks: %-10b IO Block: %-6o %F\nDevice: "
                 "%Hd,%Ld\tInode: "
                 "%-11i Links: %-5h Device type: %Hr,%Lr\nAccess: (%04a/%10.10A)  Uid: (%5u/%8U)   "
                 "Gid: "
                 "(%5g/%8G)\nAccess: %x\nModify: %y\nChange: %z\n Birth: %w\n"
               : "  File: %N\n  Size: %-10s\tBlocks: %-10b IO Block: %-6o %F\nDevice: "
                 "%Hd,%Ld\tInode: "
                 "%-11i Links: %h\nAccess: (%04a/%10.10A)  Uid: (%5u/%8U)   Gid: "
                 "(%5g/%8G)\nAccess: "
                 "%x\nModify: %y\nChange: %z\n Birth: %w\n";
}

static int stat_run(struct cmd_run *r)
{
    int status = 0, which = cmd_latest(r, "c\1");
    if (!r->argc)
        return cmd_missing(r);
    for (char **a = r->argv; *a; a++) {
        struct vfs_stat st;
        int err = !strcmp(*a, "-")                     ? vm_fstat(r->p, 0, &st)
                  : cmd_has(r, 'L') || cmd_has(r, 'f') ? vm_stat(r->p, *a, &st)
                                                       : vm_lstat(r->p, *a, &st);
        if (err < 0) {
            cmd_warn_err(r, err,
                         cmd_has(r, 'f') ? "cannot read file system information for %s"
                                         : "cannot statx %s",
                         cmd_quote(r, *a));
            status = 1;
            continue;
        }
        put_format(r, which ? cmd_arg(r, which) : default_format(r, &st), *a, &st, which == '\1');
        if (which == 'c')
            vf_putc(r->out, '\n');
    }
    return status;
}

static const char *const stat_longs[] = {
    "dereference=L", "file-system=f", "format:=c", "printf:=\1", "terse=t", "cached:=\2", NULL};

const struct cmd cmd_stat = {.name = "stat", .opts = "c:fLt", .longs = stat_longs, .run = stat_run};

/* --- truncate ------------------------------------------------------------------------------ */

static int truncate_run(struct cmd_run *r)
{
    const char *s = cmd_arg(r, 's'), *ref = cmd_arg(r, 'r');
    uint64_t n = 0;
    int status = 0;
    char how = 0;
    struct vfs_stat st;
    if (!s && !ref) {
        cmd_warn(r, "you must specify either %s or %s", cmd_quotel(r, "--size"),
                 cmd_quotel(r, "--reference"));
        return cmd_usage(r);
    }
    if (s) {
        s += strspn(s, " ");
        if (strchr("+-<>/%", *s) && *s)
            how = *s++;
        if (cmd_number(s, "KMGTPEZYkmgt0", &n)) {
            cmd_warn(r, "Invalid number: %s", cmd_quotel(r, s));
            return 1;
        }
    }
    if (!r->argc) {
        cmd_warn(r, "missing file operand");
        return cmd_usage(r);
    }
    if (ref) {
        int err = vm_stat(r->p, ref, &st);
        if (err < 0) {
            cmd_warn_err(r, err, "cannot stat %s", cmd_quote(r, ref));
            return 1;
        }
        n = (uint64_t)st.size;
    }
    for (char **a = r->argv; *a; a++) {
        int fd = vm_open(r->p, *a, O_WRONLY | O_NONBLOCK | (cmd_has(r, 'c') ? 0 : O_CREAT), 0666);
        if (fd < 0) {
            if (fd == -ENOENT && cmd_has(r, 'c'))
                continue;
            cmd_warn_err(r, fd, "cannot open %s for writing", cmd_quote(r, *a));
            status = 1;
            continue;
        }
        uint64_t old = vm_fstat(r->p, fd, &st) ? 0 : (uint64_t)st.size, to = n;
        switch (how) {
        case '+':
            to = old + n;
            break;
        case '-':
            to = old > n ? old - n : 0;
            break;
        case '<':
            to = old < n ? old : n;
            break;
        case '>':
            to = old > n ? old : n;
            break;
        case '/':
            to = n ? old / n * n : old;
            break;
        case '%':
            to = n ? (old + n - 1) / n * n : old;
            break;
        default:
            break;
        }
        int err = vm_ftruncate(r->p, fd, (int64_t)to);
        if (err < 0) {
            cmd_warn_err(r, err, "failed to truncate %s at %lu bytes", cmd_quote(r, *a),
                         (unsigned long)to);
            status = 1;
        }
        vm_close(r->p, fd);
    }
    return status;
}

static const char *const truncate_longs[] = {"no-create=c", "io-blocks=o", "reference:=r",
                                             "size:=s", NULL};

const struct cmd cmd_truncate = {
    .name = "truncate", .opts = "cor:s:", .longs = truncate_longs, .run = truncate_run};

/* --- mktemp ----------------------------------------------------------------------------------- */

static int mktemp_run(struct cmd_run *r)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    const char *t = r->argc ? r->argv[0] : "tmp.XXXXXXXXXX", *dir = cmd_arg(r, 'p'),
               *suffix = cmd_arg(r, '\1');
    const char *env = vm_getenv(r->p, "TMPDIR");
    if (r->argc > 1) {
        cmd_warn(r, "too many templates");
        return cmd_usage(r);
    }
    if (!r->argc || cmd_has(r, 'p') || cmd_has(r, 't')) {
        if (!dir || !*dir)
            dir = env && *env ? env : "/tmp";
        if (r->argc && *t == '/') {
            cmd_warn(r, "invalid template, %s; with --tmpdir, it may not be absolute",
                     cmd_quotel(r, t));
            return 1;
        }
        t = cmd_path_join(r, dir, t);
    }
    char *name = vm_asprintf(r->p, "%s%s", t, suffix ? suffix : "");
    char *end = strrchr(t, 'X') ? name + (strrchr(t, 'X') - t) + 1 : name, *x = end;
    while (x > name && x[-1] == 'X')
        x--;
    if (end - x < 3) {
        cmd_warn(r, "too few X's in template %s", cmd_quotel(r, r->argc ? r->argv[0] : t));
        return 1;
    }
    int err = 0;
    for (int tries = 0; tries < 100; tries++) {
        for (char *c = x; c < end; c++)
            *c = letters[vm_random(r->p) % 62];
        if (cmd_has(r, 'u'))
            break;
        err = cmd_has(r, 'd') ? vm_mkdir(r->p, name, 0700)
                              : vm_open(r->p, name, O_RDWR | O_CREAT | O_EXCL, 0600);
        if (err != -EEXIST)
            break;
    }
    if (err < 0) {
        if (!cmd_has(r, 'q')) {
            memset(x, 'X', (size_t)(end - x));
            cmd_warn_err(r, err,
                         cmd_has(r, 'd') ? "failed to create directory via template %s"
                                         : "failed to create file via template %s",
                         cmd_quotel(r, name));
        }
        return 1;
    }
    vf_printf(r->out, "%s\n", name);
    return 0;
}

static const char *const mktemp_longs[] = {"directory=d", "quiet=q",   "dry-run=u",
                                           "suffix:=\1",  "tmpdir?=p", NULL};

const struct cmd cmd_mktemp = {
    .name = "mktemp", .opts = "dp:qtuV", .longs = mktemp_longs, .run = mktemp_run};
