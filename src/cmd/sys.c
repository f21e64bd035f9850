/* sys.c -- files, processes, figures and texts for the system programs.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "cmd/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

enum { CHUNK = 16384 };

char *sys_slurp(struct cmd_run *r, const char *path, size_t *n, int *err)
{
    int fd = strcmp(path, "-") ? vm_open(r->p, path, O_RDONLY | O_CLOEXEC, 0) : 0;
    if (fd < 0) {
        if (err)
            *err = fd;
        return NULL;
    }
    struct str b;
    str_init(&b, r->arena);
    char *block = vm_alloc(r->p, CHUNK);
    ssize_t got = 0;
    while (b.n < SYS_FILE_MAX && (got = vm_read(r->p, fd, block, CHUNK)) > 0)
        str_add(&b, block, (size_t)got);
    vm_release(r->p, block, CHUNK);
    if (fd)
        (void)vm_close(r->p, fd);
    if (b.n < SYS_FILE_MAX && got < 0) {
        if (err)
            *err = (int)got;
        return NULL;
    }
    str_putc(&b, '\0');
    if (n)
        *n = b.n - 1;
    return b.s;
}

char *sys_line(char **at)
{
    char *line = *at;
    if (!line || !*line)
        return NULL;
    char *end = strchr(line, '\n');
    if (end)
        *end++ = '\0';
    *at = end;
    return line;
}

int sys_words(char *line, char **word, int max)
{
    int n = 0;
    while (n < max) {
        line += strspn(line, " \t\n");
        if (!*line)
            break;
        word[n++] = line;
        line += strcspn(line, " \t\n");
        if (*line)
            *line++ = '\0';
    }
    return n;
}

int sys_fields(char *line, char sep, char **field, int max)
{
    int n = 0;
    while (line && n < max) {
        field[n++] = line;
        line = strchr(line, sep);
        if (line)
            *line++ = '\0';
    }
    return n;
}

int sys_spill(struct cmd_run *r, const char *path, const void *p, size_t n, uint32_t mode)
{
    int fd = vm_open(r->p, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0)
        return fd;
    ssize_t put = vm_write_all(r->p, fd, p, n);
    int err = vm_close(r->p, fd);
    return put < 0 ? (int)put : err;
}

int sys_text(struct cmd_run *r, const char *key)
{
    size_t n, en, rn;
    const char *out = vm_text(r->p, key, &n);
    const char *err = vm_text(r->p, vm_asprintf(r->p, "%s#2", key), &en);
    const char *rc = vm_text(r->p, vm_asprintf(r->p, "%s#rc", key), &rn);
    if (!out && !err)
        return -1;
    if (out)
        vf_write(r->out, out, n);
    if (err) {
        (void)vf_flush(r->out);
        vf_write(r->err, err, en);
    }
    int64_t status = 0;
    if (rc && str_int(vm_asprintf(r->p, "%.*s", (int)strcspn(rc, "\n"), rc), 0, 255, &status))
        status = 1;
    return (int)status;
}

/* --- processes --------------------------------------------------------------- */
static const char *const *copy_words(struct cmd_run *r, const char *const *v)
{
    size_t n = 0;
    while (v && v[n])
        n++;
    const char **out = vm_alloc(r->p, (n + 1) * sizeof(*out));
    for (size_t i = 0; i < n; i++)
        out[i] = vm_strdup(r->p, v[i]);
    return out;
}

struct vm_procinfo *sys_procs(struct cmd_run *r, size_t *count)
{
    size_t n = 0, cap = 256;
    struct vm_procinfo *rows = vm_alloc(r->p, cap * sizeof(*rows)), row;
    for (int pid = 0; vm_proc_next(r->p, pid, &row); pid = row.pid) {
        if (n + 1 == cap) {
            struct vm_procinfo *more = vm_alloc(r->p, 2 * cap * sizeof(*rows));
            memcpy(more, rows, cap * sizeof(*rows));
            vm_release(r->p, rows, cap * sizeof(*rows));
            rows = more;
            cap *= 2;
        }
        /* Copies may be made only of strings: the call below would end the loan. */
        rows[n] = row;
        rows[n].comm = vm_strdup(r->p, row.comm);
        rows[n].exe = vm_strdup(r->p, row.exe);
        rows[n].argv = copy_words(r, row.argv);
        rows[n].envp = copy_words(r, row.envp);
        n++;
    }
    rows[n] = (struct vm_procinfo){0};
    *count = n;
    return rows;
}

const char *sys_args(struct cmd_run *r, const struct vm_procinfo *p)
{
    if (!p->argv || !p->argv[0])
        return vm_asprintf(r->p, p->state == 'Z' ? "[%s] <defunct>" : "[%s]", p->comm);
    struct str b;
    str_init(&b, r->arena);
    for (size_t i = 0; p->argv[i]; i++) {
        if (i)
            str_putc(&b, ' ');
        for (const char *c = p->argv[i]; *c; c++)
            str_putc(&b, (unsigned char)*c < ' ' || *c == 127 ? '?' : *c);
    }
    return str_text(&b);
}

/* --- figures -------------------------------------------------------------------- */
uint64_t sys_figure(const char *text, const char *name)
{
    size_t n = strlen(name);
    uint64_t v = 0;
    for (const char *at = text; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
        if (strncmp(at, name, n) || (at[n] != ':' && at[n] != ' '))
            continue;
        at += n + 1;
        at += strspn(at, " \t");
        for (; *at >= '0' && *at <= '9'; at++)
            v = v * 10 + (uint64_t)(*at - '0');
        return v;
    }
    return 0;
}

const char *sys_first(struct cmd_run *r, const char *path)
{
    char *at = sys_slurp(r, path, NULL, NULL);
    const char *line = sys_line(&at);
    return line ? line : "";
}

int64_t sys_boot_time(struct cmd_run *r)
{
    struct timespec now = vm_now(r->p);
    return (now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000 - vm_uptime_us(r->p)) / 1000000;
}

int sys_columns(struct cmd_run *r)
{
    const char *c = vm_getenv(r->p, "COLUMNS");
    int64_t v;
    struct winsize w;
    if (c && !str_int(c, 1, 100000, &v))
        return (int)v;
    if (vm_getwinsize(r->p, 1, &w) == 0 && w.ws_col)
        return w.ws_col;
    return 0;
}

int sys_spawn_wait(struct cmd_run *r, char *const argv[])
{
    char path[VFS_PATH_MAX];
    int status;
    (void)vf_flush(r->out);
    int err = vm_find_program(r->p, argv[0], path, sizeof(path));
    int pid = err < 0 ? err : vm_spawn(r->p, path, argv, vm_environ(r->p), NULL, NULL);
    if (pid < 0)
        return pid == -EACCES ? 126 : 127;
    while (vm_wait(r->p, pid, &status, 0) == -EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

char *sys_ask_secret(struct cmd_run *r, const char *prompt)
{
    struct termios old, quiet;
    bool tty = vm_tcgetattr(r->p, 0, &old) == 0;
    (void)vf_flush(r->out);
    vf_puts(r->err, prompt);
    if (tty) {
        quiet = old;
        quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
        quiet.c_lflag |= ICANON | ISIG;
        (void)vm_tcsetattr(r->p, 0, TCSAFLUSH, &quiet);
    }
    /* A byte at a time: what follows the line is for others to read. */
    struct str line;
    char c;
    ssize_t n;
    str_init(&line, r->arena);
    while ((n = vm_read(r->p, 0, &c, 1)) == 1 && c != '\n' && line.n < 512)
        str_putc(&line, c);
    if (tty) {
        (void)vm_tcsetattr(r->p, 0, TCSAFLUSH, &old);
        vf_putc(r->err, '\n');
    }
    return n == 1 || line.n ? vm_strdup(r->p, str_text(&line)) : NULL;
}
