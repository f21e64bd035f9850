/* bi_read.c -- read and mapfile: bytes from a descriptor into variables.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shell/builtin.h"
#include "shell/input.h"

struct reading {
    struct shell *sh;
    int fd;
    bool seek;
    char part[512];
    size_t have, at;
    int64_t deadline_us; /* 0: none */
    bool timed_out, interrupted;
};

/* The next byte, or -1. */
static int next_byte(struct reading *r)
{
    struct shell *sh = r->sh;
    if (r->at < r->have)
        return (unsigned char)r->part[r->at++];
    for (;;) {
        if (r->deadline_us) {
            int64_t left = r->deadline_us - vm_mono_us(sh->p);
            struct pollfd pf = {.fd = r->fd, .events = POLLIN};
            int n = left <= 0 ? 0 : vm_poll(sh->p, &pf, 1, (int)((left + 999) / 1000));
            if (n == 0) {
                r->timed_out = true;
                return -1;
            }
        }
        ssize_t n = vm_read(sh->p, r->fd, r->part, r->seek ? sizeof r->part : 1);
        if (n == -EINTR) {
            if (sh->interactive && sh->int_pending) {
                r->interrupted = true;
                return -1;
            }
            if (sh->has_pending)
                trap_pending(sh);
            continue;
        }
        if (n < 0 && n != -EIO)
            sh_berror(sh, "read error: %d: %s", r->fd, vm_strerror((int)-n));
        if (n <= 0)
            return -1;
        r->have = (size_t)n;
        r->at = 1;
        return (unsigned char)r->part[0];
    }
}

static void give_back(struct reading *r)
{
    if (r->seek && r->at < r->have)
        (void)vm_lseek(r->sh->p, r->fd, (int64_t)r->at - (int64_t)r->have, SEEK_CUR);
}

struct line {
    struct str text, mask; /* mask: 1 was behind a backslash */
    bool eof;
};

struct read_opts {
    bool raw, silent, exact;
    int delim;
    int64_t nchars; /* -1: no limit */
    const char *array, *prompt;
    int fd;
    double timeout; /* < 0: none */
};

/* Do the last bytes begin a UTF-8 character that is not complete? */
static bool inside_rune(const struct str *s)
{
    size_t k = 1;
    while (k < 4 && k < s->n && ((unsigned char)s->s[s->n - k] & 0xC0) == 0x80)
        k++;
    unsigned char lead = (unsigned char)s->s[s->n - k];
    size_t want = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    return k < want;
}

static void read_line(struct reading *r, const struct read_opts *o, struct line *l)
{
    struct shell *sh = r->sh;
    int64_t chars = 0;
    bool utf8 = sh_utf8(sh);
    str_init(&l->text, sh->tmp);
    str_init(&l->mask, sh->tmp);
    if (o->nchars == 0)
        return;
    for (;;) {
        int c = next_byte(r);
        if (c < 0) {
            l->eof = true;
            return;
        }
        if (c == '\\' && !o->raw) {
            c = next_byte(r);
            if (c < 0) {
                l->eof = true;
                return;
            }
            if (c == '\n') {
                if (sh->interactive && vm_isatty(sh->p, r->fd)) {
                    const char *ps2 = var_get(sh, "PS2");
                    if (ps2)
                        (void)vm_write_all(sh->p, 2, ps2, strlen(ps2));
                }
                continue;
            }
            if (c) {
                str_putc(&l->text, c);
                str_putc(&l->mask, 1);
            }
        } else {
            if (c == o->delim && !o->exact)
                return;
            if (c == 0 && o->delim != 0)
                continue;
            str_putc(&l->text, c);
            str_putc(&l->mask, 0);
        }
        if (o->nchars > 0 && !(utf8 && inside_rune(&l->text))) {
            if (++chars >= o->nchars)
                return;
        }
        if (l->text.n > (8u << 20))
            return;
    }
}

/* --- splitting ------------------------------------------------------------------------------ */

static bool is_ifs(const struct line *l, size_t i, const char *ifs)
{
    return !l->mask.s[i] && strchr(ifs, l->text.s[i]) != NULL;
}

static bool is_space(const struct line *l, size_t i, const char *ifs)
{
    char c = l->text.s[i];
    return (c == ' ' || c == '\t' || c == '\n') && is_ifs(l, i, ifs);
}

/* The next field at *at; last: all the rest, less trailing IFS white space. */
static char *take(struct shell *sh, const struct line *l, size_t *at, const char *ifs, bool last)
{
    size_t n = l->text.n, i = *at;
    while (i < n && is_space(l, i, ifs))
        i++;
    size_t from = i;
    while (i < n && !is_ifs(l, i, ifs))
        i++;
    size_t end = i;
    /* the delimiter: white space with at most one other character in it */
    while (i < n && is_space(l, i, ifs))
        i++;
    if (i < n && is_ifs(l, i, ifs)) {
        i++;
        while (i < n && is_space(l, i, ifs))
            i++;
    }
    if (last && i < n) {
        end = n;
        while (end > from && is_space(l, end - 1, ifs))
            end--;
        i = n;
    }
    *at = i;
    return from < end ? sh_tmp_strndup(sh, l->text.s + from, end - from) : sh_tmp_strdup(sh, "");
}

static bool store(struct shell *sh, const char *name, const char *value)
{
    const char *open = strchr(name, '[');
    if (open && name[strlen(name) - 1] == ']') {
        char *base = sh_tmp_strndup(sh, name, (size_t)(open - name));
        char *sub = sh_tmp_strndup(sh, open + 1, strlen(open) - 2);
        return var_set_elem(sh, base, expand_subscript(sh, base, sub), value, false);
    }
    return var_set(sh, name, value);
}

static bool assign_fields(struct shell *sh, const struct line *l, int n, char **names)
{
    const char *ifs = sh_tmp_strdup(sh, expand_ifs(sh));
    size_t at = 0;
    if (n == 0) {
        str_add((struct str *)&l->text, "", 1);
        return var_set(sh, "REPLY", str_text(&l->text));
    }
    for (int i = 0; i < n; i++)
        if (!store(sh, names[i], take(sh, l, &at, ifs, i == n - 1)))
            return false;
    return true;
}

static bool assign_array(struct shell *sh, const struct line *l, const char *name)
{
    const char *ifs = sh_tmp_strdup(sh, expand_ifs(sh)), *final = name;
    struct var *v = var_deref(sh, &final, NULL);
    if (!v)
        v = var_make(sh, final);
    if (var_readonly(sh, v))
        return false;
    if (v->flags & VAR_ASSOC) {
        sh_berror(sh, "%s: cannot convert associative to indexed array", name);
        return false;
    }
    var_make_array(sh, v, false);
    var_clear(sh, v);
    size_t at = 0;
    int64_t i = 0;
    while (at < l->text.n) {
        size_t k = at;
        while (k < l->text.n && is_space(l, k, ifs))
            k++;
        if (k >= l->text.n)
            break;
        array_set(sh, v->arr, i++, take(sh, l, &at, ifs, false));
    }
    return true;
}

static int read_options(struct shell *sh, struct opts *o, struct read_opts *r, int argc,
                        char **argv)
{
    int c;
    int64_t n;
    *r = (struct read_opts){.delim = '\n', .nchars = -1, .timeout = -1};
    while ((c = opts_next(sh, o, argc, argv, sh->dash ? "p:r" : "ra:d:ei:n:N:p:st:u:")) != -1) {
        switch (c) {
        case 'r':
            r->raw = true;
            break;
        case 's':
            r->silent = true;
            break;
        case 'a':
            r->array = o->arg;
            break;
        case 'd':
            r->delim = (unsigned char)o->arg[0];
            break;
        case 'p':
            r->prompt = o->arg;
            break;
        case 'n':
        case 'N':
            if (!legal_number(o->arg, &n) || n < 0) {
                sh_berror(sh, "%s: invalid number", o->arg);
                return 1;
            }
            r->nchars = n;
            r->exact = c == 'N';
            break;
        case 't': {
            char *end;
            r->timeout = strtod(o->arg, &end);
            if (*end || end == o->arg || r->timeout < 0 ||
                !isdigit((unsigned char)o->arg[strspn(o->arg, ".")])) {
                sh_berror(sh, "%s: invalid timeout specification", o->arg);
                return 1;
            }
            break;
        }
        case 'u':
            if (!legal_number(o->arg, &n) || n < 0 || n > 1024) {
                sh_berror(sh, "%s: invalid file descriptor specification", o->arg);
                return 1;
            }
            if (vm_fd_flags(sh->p, (int)n) < 0) {
                sh_berror(sh, "%lld: invalid file descriptor: Bad file descriptor", (long long)n);
                return 1;
            }
            r->fd = (int)n;
            break;
        case '?':
            return 2;
        default:
            break;
        }
    }
    return 0;
}

int bi_read(struct shell *sh, int argc, char **argv)
{
    struct opts o = {0};
    struct read_opts r;
    int status = read_options(sh, &o, &r, argc, argv);
    if (status)
        return status;
    for (int i = o.i; i < argc; i++)
        if (!lex_is_name(argv[i], strcspn(argv[i], "["))) {
            sh_berror(sh, sh->dash ? "%s: bad variable name" : "`%s': not a valid identifier",
                      argv[i]);
            return sh->dash ? 2 : 1;
        }
    if (sh->dash && o.i >= argc) {
        sh_berror(sh, "arg count");
        return 2;
    }
    struct reading in = {.sh = sh, .fd = r.fd};
    bool tty = vm_isatty(sh->p, r.fd);
    if (r.timeout == 0) {
        struct pollfd pf = {.fd = r.fd, .events = POLLIN};
        return vm_poll(sh->p, &pf, 1, 0) > 0 ? 0 : 1;
    }
    if (r.timeout > 0)
        in.deadline_us = vm_mono_us(sh->p) + (int64_t)(r.timeout * 1e6);
    in.seek = !tty && vm_lseek(sh->p, r.fd, 0, SEEK_CUR) >= 0;
    if (r.prompt && tty)
        (void)vm_write_all(sh->p, 2, r.prompt, strlen(r.prompt));
    struct termios saved, raw;
    bool modes = tty && (r.silent || r.nchars >= 0 || r.delim != '\n') &&
                 vm_tcgetattr(sh->p, r.fd, &saved) == 0;
    if (modes) {
        raw = saved;
        if (r.silent)
            raw.c_lflag &= ~(tcflag_t)ECHO;
        if (r.nchars >= 0 || r.delim != '\n')
            raw.c_lflag &= ~(tcflag_t)ICANON;
        (void)vm_tcsetattr(sh->p, r.fd, TCSADRAIN, &raw);
    }
    struct line l = {0};
    read_line(&in, &r, &l);
    give_back(&in);
    if (modes)
        (void)vm_tcsetattr(sh->p, r.fd, TCSADRAIN, &saved);
    bool ok;
    if (r.exact && !r.array) {
        char *all = sh_tmp_strndup(sh, str_text(&l.text), l.text.n);
        ok = o.i < argc ? store(sh, argv[o.i], all) : var_set(sh, "REPLY", all);
        for (int i = o.i + 1; ok && i < argc; i++)
            ok = store(sh, argv[i], "");
        l.eof = l.eof && true;
    } else if (r.array) {
        ok = assign_array(sh, &l, r.array);
    } else {
        ok = assign_fields(sh, &l, argc - o.i, argv + o.i);
    }
    if (in.timed_out)
        return 128 + SIGALRM;
    if (in.interrupted)
        return 130;
    return ok && !l.eof ? 0 : 1;
}

/* --- mapfile ---------------------------------------------------------------------- */

struct mapfile {
    int fd, delim;
    int64_t origin, max, skip, quantum;
    bool trim, keep;
    const char *callback;
};

/* Reads the options into m: 0, or the status to end with. */
static int mapfile_options(struct shell *sh, struct opts *o, int argc, char **argv,
                           struct mapfile *m)
{
    int64_t n;
    int c;
    while ((c = opts_next(sh, o, argc, argv, "d:n:O:s:tu:C:c:")) != -1) {
        if (c == '?')
            return 2;
        if (c == 't') {
            m->trim = true;
            continue;
        }
        if (c == 'd') {
            m->delim = (unsigned char)o->arg[0];
            continue;
        }
        if (c == 'C') {
            m->callback = o->arg;
            continue;
        }
        if (!legal_number(o->arg, &n) || n < 0) {
            sh_berror(sh, "%s: invalid %s", o->arg,
                      c == 'u'   ? "file descriptor specification"
                      : c == 'O' ? "array origin"
                      : c == 'c' ? "callback quantum"
                                 : "line count");
            return 1;
        }
        if (c == 'n')
            m->max = n;
        else if (c == 'O')
            m->origin = n, m->keep = true;
        else if (c == 's')
            m->skip = n;
        else if (c == 'c')
            m->quantum = n ? n : 1;
        else if (c == 'u')
            m->fd = (int)n;
    }
    return 0;
}

/* The next line into line: false at the end. */
static bool mapfile_line(struct reading *in, const struct mapfile *m, struct str *line)
{
    bool any = false;
    int b;
    str_trunc(line, 0);
    while ((b = next_byte(in)) >= 0) {
        any = true;
        if (b == m->delim) {
            if (!m->trim && m->delim)
                str_putc(line, b);
            break;
        }
        if (b)
            str_putc(line, b);
    }
    return any;
}

/* -C: runs the callback with the index and the line, quoted. */
static void mapfile_call(struct shell *sh, const char *callback, int64_t index, const char *line)
{
    struct str cmd;
    str_init(&cmd, sh->tmp);
    str_printf(&cmd, "%s %lld '", callback, (long long)index);
    for (const char *s = line; *s; s++)
        if (*s == '\'')
            str_puts(&cmd, "'\\''");
        else
            str_putc(&cmd, *s);
    str_puts(&cmd, "'");
    char *ev[] = {"eval", cmd.s, NULL};
    bi_eval(sh, 2, ev);
}

int bi_mapfile(struct shell *sh, int argc, char **argv)
{
    struct opts o = {0};
    struct mapfile m = {.delim = '\n', .quantum = 5000};
    int err = mapfile_options(sh, &o, argc, argv, &m);
    if (err)
        return err;
    const char *name = o.i < argc ? argv[o.i] : "MAPFILE";
    if (!lex_is_name(name, strlen(name))) {
        sh_berror(sh, "`%s': not a valid identifier", name);
        return 1;
    }
    if (vm_fd_flags(sh->p, m.fd) < 0) {
        sh_berror(sh, "%d: invalid file descriptor: Bad file descriptor", m.fd);
        return 1;
    }
    struct var *v = var_deref(sh, &name, NULL);
    if (!v)
        v = var_make(sh, name);
    if (var_readonly(sh, v))
        return 1;
    if (v->flags & VAR_ASSOC) {
        sh_berror(sh, "%s: not an indexed array", name);
        return 1;
    }
    var_make_array(sh, v, false);
    if (!m.keep)
        var_clear(sh, v);
    struct reading in = {.sh = sh, .fd = m.fd};
    in.seek = vm_lseek(sh->p, m.fd, 0, SEEK_CUR) >= 0;
    struct str line;
    str_init(&line, sh->tmp);
    for (int64_t count = 0; mapfile_line(&in, &m, &line);) {
        if (m.skip > 0) {
            m.skip--;
            continue;
        }
        str_add(&line, "", 1);
        if (m.callback && (count + 1) % m.quantum == 0)
            mapfile_call(sh, m.callback, m.origin + count, line.s);
        array_set(sh, v->arr, m.origin + count, line.s);
        count++;
        if (m.max && count >= m.max)
            break;
    }
    give_back(&in);
    return 0;
}
