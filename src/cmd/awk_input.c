/* awk_input.c -- where awk's records come from: files, commands, ARGV.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdio.h>
#include <string.h>

#include "cmd/awk_run.h"

/* One record of f by RS; false at the end. */
static bool read_record(struct awk *w, struct vfile *f, struct awk_val *out)
{
    struct awk_str *rs = awk_to_string(w, &w->global[V_RS].v);
    size_t n;
    char *s;
    bool ok = true;
    if (rs->n == 1) {
        s = vf_getdelim(f, (unsigned char)rs->s[0], &n);
        ok = s != NULL;
        if (ok)
            *out = awk_input(w->r, s, n - (s[n - 1] == rs->s[0]));
    } else {
        /* Paragraphs and expressions: gather until one is surely complete. */
        struct str *b = &w->rs_buf;
        struct regex *re = rs->n ? awk_dynamic_regex(w, rs) : NULL;
        struct regex_match m = {0};
        for (;;) {
            size_t skip = 0;
            while (!rs->n && skip < b->n && b->s[skip] == '\n')
                skip++;
            if (skip) {
                memmove(b->s, b->s + skip, b->n - skip);
                str_trunc(b, b->n - skip);
            }
            bool hit = false;
            if (re) {
                hit = b->n && awk_matches(re, b->s, b->n, 0, &m) && m.eo > m.so;
            } else {
                char *p = b->n ? memmem(b->s, b->n, "\n\n", 2) : NULL;
                if (p) {
                    m.so = (size_t)(p - b->s);
                    m.eo = m.so + 2;
                    hit = true;
                }
            }
            if ((hit && m.eo < b->n) || w->rs_eof) {
                if (!b->n) {
                    ok = false;
                    break;
                }
                size_t end = hit ? m.so : b->n, next = hit ? m.eo : b->n;
                if (!hit && b->s[end - 1] == '\n' && end)
                    end--;
                *out = awk_input(w->r, b->s, end);
                memmove(b->s, b->s + next, b->n - next);
                str_trunc(b, b->n - next);
                break;
            }
            s = vf_getdelim(f, '\n', &n);
            if (!s)
                w->rs_eof = true;
            else
                str_add(b, s, n);
        }
    }
    awk_str_drop(w->r, rs);
    return ok;
}

static bool is_assignment(const char *s)
{
    size_t n = 0;
    while ((s[n] >= 'a' && s[n] <= 'z') || (s[n] >= 'A' && s[n] <= 'Z') || s[n] == '_' ||
           (n && s[n] >= '0' && s[n] <= '9'))
        n++;
    return n && s[n] == '=';
}

/* Opens the next input file of ARGV; false when there is none. */
static bool next_file(struct awk *w)
{
    struct cmd_run *r = w->r;
    char key[16];
    for (;;) {
        int argc = (int)awk_num(&w->global[V_ARGC].v);
        if (++w->at_arg >= argc) {
            if (w->used_args)
                return false;
            w->used_args = true;
            w->in = r->in;
            return true;
        }
        int n = snprintf(key, sizeof(key), "%d", w->at_arg);
        struct awk_str *k = awk_str_new(r, key, (size_t)n);
        struct awk_array *argv = w->global[V_ARGV].array;
        struct awk_entry *e = argv ? awk_array_find(argv, k) : NULL;
        awk_str_drop(r, k);
        if (!e)
            continue;
        struct awk_str *name = awk_to_string(w, &e->v);
        if (!name->n)
            continue;
        if (is_assignment(name->s)) {
            awk_assign_arg(w, name->s);
            continue;
        }
        w->used_args = true;
        awk_drop(r, &w->global[V_FILENAME].v);
        w->global[V_FILENAME].v = awk_text(r, name->s, name->n);
        awk_set_special(w, V_FNR, 0);
        if (!strcmp(name->s, "-") || !strcmp(name->s, "/dev/stdin")) {
            w->in = r->in;
            return true;
        }
        int err = 0;
        w->in = vf_open(r->p, name->s, "re", &err);
        if (w->in)
            return true;
        awk_file_flush(r, w->files);
        cmd_warn(r, "cannot open %s (%s)", name->s, vm_strerror(-err));
        vm_exit(r->p, 2);
    }
}

static void bump(struct awk *w, int which)
{
    awk_set_special(w, which, awk_num(&w->global[which].v) + 1);
}

/* The next record of the main input; false at its end. */
bool awk_main_record(struct awk *w, struct awk_val *out)
{
    while (!w->in_end) {
        if (!w->in && !next_file(w)) {
            w->in_end = true;
            break;
        }
        if (read_record(w, w->in, out)) {
            bump(w, V_NR);
            bump(w, V_FNR);
            return true;
        }
        int err = vf_error(w->in);
        if (err) {
            struct awk_val *f = &w->global[V_FILENAME].v;
            cmd_warn(w->r, "read error (%s)", vm_strerror(-err));
            (void)f;
            vm_exit(w->r->p, 2);
        }
        if (w->in != w->r->in)
            (void)vf_close(w->in);
        w->in = NULL;
        w->rs_eof = false;
        if (w->at_arg >= (int)awk_num(&w->global[V_ARGC].v))
            w->in_end = true;
    }
    return false;
}

struct awk_val awk_getline(struct awk *w, struct awk_node *n)
{
    struct awk_val v;
    if (!n->v) {
        if (!awk_main_record(w, &v))
            return awk_number(0);
    } else {
        struct awk_str *name = awk_eval_str(w, n->b);
        int err = 0;
        struct awk_file *f = awk_file_get(w->r, &w->files, name->s, n->v == '|' ? 'i' : '<', &err);
        awk_str_drop(w->r, name);
        if (!f)
            return awk_number(-1);
        if (!read_record(w, f->f, &v))
            return awk_number(vf_error(f->f) ? -1 : 0);
        if (n->v == '|')
            bump(w, V_NR);
    }
    if (n->a)
        awk_assign(w, n->a, v);
    else
        awk_set_record(w, v);
    return awk_number(1);
}
