/* trace.c -- set -x lines, the select loop, `time`, kinds of files.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "shell/builtin.h"
#include "shell/exec.h"
#include "shell/expand.h"
#include "shell/simple.h"
#include "shell/text.h"

/* --- set -x -------------------------------------------------------------------------- */

static void trace_prefix(struct shell *sh, struct str *s)
{
    const char *ps4 = var_get(sh, "PS4");
    if (!ps4)
        return;
    bool was = sh->opt[OPT_XTRACE];
    sh->opt[OPT_XTRACE] = false;
    int status = sh->status;
    const char *text = sh->dash ? expand_text(sh, ps4) : prompt_expand(sh, ps4);
    sh->status = status;
    sh->opt[OPT_XTRACE] = was;
    if (!sh->dash && *text)
        for (int i = 0; i < sh->eval_depth + (int)sh->depth; i++)
            str_putc(s, *text);
    str_puts(s, text);
}

static void trace_write(struct shell *sh, struct str *s)
{
    int64_t fd = 2;
    const char *to = sh->dash ? NULL : var_get(sh, "BASH_XTRACEFD");
    if (to && str_int(to, 0, 1024, &fd) != 0)
        fd = 2;
    str_putc(s, '\n');
    out_flush(sh);
    (void)vm_write_all(sh->p, (int)fd, s->s, s->n);
}

static void trace_word(struct str *s, const char *w)
{
    if (!*w)
        str_puts(s, "''");
    else if (strpbrk(w, " \t\n'\"\\|&;()<>!{}*[]?^$`") && utf8_valid(w, strlen(w)))
        text_quote_single(s, w);
    else
        text_quote_value(s, w);
}

void trace_text(struct shell *sh, const char *text)
{
    struct str s;
    str_init(&s, sh->tmp);
    trace_prefix(sh, &s);
    str_puts(&s, text);
    trace_write(sh, &s);
}

void trace_command(struct shell *sh, const struct node *n, char **argv, int argc)
{
    struct str s;
    str_init(&s, sh->tmp);
    (void)n;
    trace_prefix(sh, &s);
    for (int i = 0; i < argc; i++) {
        if (i)
            str_putc(&s, ' ');
        if (sh->dash)
            str_puts(&s, argv[i]);
        else
            trace_word(&s, argv[i]);
    }
    trace_write(sh, &s);
}

void trace_for(struct shell *sh, const struct node *n, char **v, int count)
{
    struct str s;
    str_init(&s, sh->tmp);
    (void)v, (void)count;
    trace_prefix(sh, &s);
    str_printf(&s, "for %s", n->name);
    if (n->has_in)
        str_puts(&s, " in");
    for (const struct word *w = n->words; w; w = w->next)
        str_printf(&s, " %s", w->text);
    if (!n->has_in)
        str_puts(&s, " in \"$@\"");
    trace_write(sh, &s);
}

void trace_case(struct shell *sh, const char *subject)
{
    struct str s;
    str_init(&s, sh->tmp);
    trace_prefix(sh, &s);
    str_printf(&s, "case %s in", subject);
    trace_write(sh, &s);
}

void trace_arith(struct shell *sh, const char *text)
{
    trace_text(sh, sh_tmp_printf(sh, "(( %s ))", text));
}

/* --- select ---------------------------------------------------------------------------------- */

static void show_menu(struct shell *sh, char **v, int n)
{
    struct str s;
    str_init(&s, sh->tmp);
    int64_t columns = 80;
    const char *c = var_get(sh, "COLUMNS");
    if (c && str_int(c, 1, 10000, &columns) != 0)
        columns = 80;
    int digits = n < 10 ? 1 : n < 100 ? 2 : 3, widest = 0;
    for (int i = 0; i < n; i++)
        if ((int)strlen(v[i]) > widest)
            widest = (int)strlen(v[i]);
    int width = widest + digits + 2 + 2, cols = width ? (int)columns / width : 1;
    if (cols < 1)
        cols = 1;
    int rows = (n + cols - 1) / cols;
    cols = (n + rows - 1) / rows;
    if (rows == 1) { /* one item a line while it would fit one row */
        rows = cols;
        cols = 1;
    }
    for (int r = 0; r < rows; r++) {
        for (int i = r; i < n; i += rows) {
            int used = (int)strlen(v[i]) + digits + 2;
            str_printf(&s, "%*d) %s", digits, i + 1, v[i]);
            if (i + rows < n)
                for (int k = used; k < width; k++)
                    str_putc(&s, ' ');
        }
        str_putc(&s, '\n');
    }
    (void)vm_write_all(sh->p, 2, s.s, s.n);
}

int exec_select(struct shell *sh, struct node *n)
{
    struct arena_mark m = arena_mark(sh->tmp);
    struct fields f = {0};
    int status = 0;
    if (n->has_in)
        expand_words(sh, n->words, &f);
    else
        for (int i = 0; i < sh->args.n; i++)
            fields_add(sh, &f, sh_tmp_strdup(sh, sh->args.v[i]));
    if (f.n == 0)
        return sh->status = 0;
    bool show = true;
    sh->loops++;
    for (;;) {
        if (show)
            show_menu(sh, f.v, f.n);
        show = false;
        const char *ps3 = var_get(sh, "PS3");
        const char *prompt = ps3 ? ps3 : "#? ";
        (void)vm_write_all(sh->p, 2, prompt, strlen(prompt));
        char *argv[] = {"read", "-r", "REPLY", NULL};
        if (bi_read(sh, 3, argv) != 0) {
            (void)vm_write_all(sh->p, 1, "\n", 1);
            status = 1;
            break;
        }
        const char *reply = var_get(sh, "REPLY");
        if (!reply || !*reply) {
            show = true;
            continue;
        }
        int64_t k = 0;
        bool ok = str_int(reply, 1, f.n, &k) == 0;
        var_set(sh, n->name, ok ? f.v[k - 1] : "");
        status = exec_node(sh, n->body);
        if (sh->returning)
            break;
        if (sh->breaking) {
            sh->breaking--;
            break;
        }
        if (sh->continuing && --sh->continuing)
            break;
        reply = var_get(sh, "REPLY");
        show = reply && !*reply;
    }
    sh->loops--;
    arena_reset(sh->tmp, m);
    return sh->status = sh->returning ? sh->status : status;
}

/* --- time
 * -------------------------------------------------------------------------------------------- */

static void put_time(struct str *s, int64_t us, int precision, bool minutes)
{
    int64_t div = 1000000;
    for (int i = 0; i < precision; i++)
        div /= 10;
    us = us / div * div;
    int64_t sec = us / 1000000, frac = us % 1000000 / div;
    if (minutes)
        str_printf(s, "%lldm%lld", (long long)(sec / 60), (long long)(sec % 60));
    else
        str_printf(s, "%lld", (long long)sec);
    if (precision)
        str_printf(s, ".%0*lld", precision, (long long)frac);
    if (minutes)
        str_putc(s, 's');
}

void print_times(struct shell *sh, int64_t real_us, int64_t user_us, int64_t sys_us, bool posix)
{
    const char *f = posix ? "real %2R\nuser %2U\nsys %2S" : var_get(sh, "TIMEFORMAT");
    if (!f)
        f = "\nreal\t%3lR\nuser\t%3lU\nsys\t%3lS";
    if (!*f)
        return;
    struct str s;
    str_init(&s, sh->tmp);
    for (; *f; f++) {
        if (*f != '%' || !f[1]) {
            str_putc(&s, *f);
            continue;
        }
        int precision = 3;
        bool minutes = false;
        f++;
        if (*f >= '0' && *f <= '9')
            precision = *f++ - '0';
        if (precision > 3)
            precision = 3;
        if (*f == 'l') {
            minutes = true;
            f++;
        }
        if (*f == 'R')
            put_time(&s, real_us, precision, minutes);
        else if (*f == 'U')
            put_time(&s, user_us, precision, minutes);
        else if (*f == 'S')
            put_time(&s, sys_us, precision, minutes);
        else if (*f == 'P')
            str_printf(&s, "%.2f",
                       real_us ? 100.0 * (double)(user_us + sys_us) / (double)real_us : 0);
        else
            str_putc(&s, *f);
    }
    str_putc(&s, '\n');
    (void)vm_write_all(sh->p, 2, s.s, s.n);
}

/* --- kinds of files
 * ------------------------------------------------------------------------------------- */

static ssize_t first_bytes(struct shell *sh, const char *path, char *buf, size_t n)
{
    int fd = vm_open(sh->p, path, O_RDONLY, 0);
    if (fd < 0)
        return fd;
    ssize_t k = vm_read(sh->p, fd, buf, n);
    (void)vm_close(sh->p, fd);
    return k;
}

bool text_file(struct shell *sh, const char *path)
{
    char head[80];
    ssize_t n = first_bytes(sh, path, head, sizeof head);
    for (ssize_t i = 0; i < n; i++) {
        if (head[i] == '\n')
            return true;
        if (!head[i])
            return false;
    }
    return n >= 0;
}

bool is_script(struct shell *sh, const char *path)
{
    if (str_starts(path, "/usr/bin/") || str_starts(path, "/bin/") ||
        str_starts(path, "/usr/sbin/"))
        return false;
    char head[4];
    ssize_t n = first_bytes(sh, path, head, sizeof head);
    return n >= 0 && !(n == 4 && memcmp(head, "\177ELF", 4) == 0);
}
