/* awk_printf.c -- awk's printf and sprintf.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/awk_run.h"

static long long integer(double v)
{
    if (isnan(v))
        return INT64_MIN;
    return v >= 9.2e18 ? INT64_MAX : v <= -9.2e18 ? INT64_MIN : (long long)v;
}

static void format(struct awk *w, struct str *out, const struct awk_str *f, struct awk_val *arg,
                   int nargs, const char *who)
{
    int at = 0;
    char spec[64], text[1024];
    const char *s = f->s, *end = f->s + f->n;
    while (s < end) {
        const char *p = memchr(s, '%', (size_t)(end - s));
        str_add(out, s, (size_t)((p ? p : end) - s));
        if (!p)
            break;
        s = p + 1;
        if (*s == '%') {
            str_putc(out, '%');
            s++;
            continue;
        }
        size_t n = 0;
        int stars[2] = {0}, nstars = 0;
        spec[n++] = '%';
        for (; s < end && strchr("-+ #0123456789.*hlLq'", *s) && n < 40; s++) {
            if (*s == '*') {
                if (at >= nargs)
                    awk_die(w, "not enough arguments passed to %s(\"%s\")", who, f->s);
                double v = awk_num(&arg[at++]);
                if (nstars < 2)
                    stars[nstars++] = v > 10000 ? 10000 : v < -10000 ? -10000 : (int)v;
                n += (size_t)snprintf(spec + n, sizeof(spec) - n, "%d", stars[nstars - 1]);
            } else if (!strchr("hlLq'", *s)) {
                spec[n++] = *s;
            }
        }
        char c = s < end ? *s++ : 0;
        if (!c || !strchr("cdiouxXeEfFgGsaA", c))
            awk_die(w, "bad conversion in %s(\"%s\")", who, f->s);
        if (at >= nargs)
            awk_die(w, "not enough arguments passed to %s(\"%s\")", who, f->s);
        struct awk_val *v = &arg[at++];
        int width = 0, k;
        spec[n] = '\0';
        const char *digits = spec + 1 + strspn(spec + 1, "-+ #0");
        width = strtol(digits, NULL, 10) > 100000 ? 100000 : (int)strtol(digits, NULL, 10);
        if (c == 's' || (c == 'c' && v->s && v->type != AV_STRNUM)) {
            struct awk_str *t = awk_to_string(w, v);
            const char *dot = strchr(spec, '.');
            size_t len = t->n;
            if (c == 'c')
                len = len ? 1 : 0;
            else if (dot && len > (size_t)strtol(dot + 1, NULL, 10))
                len = (size_t)strtol(dot + 1, NULL, 10);
            bool left = memchr(spec, '-', (size_t)(digits - spec)) != NULL;
            size_t pad = (size_t)width > len ? (size_t)width - len : 0;
            if (!left)
                str_fill(out, ' ', pad);
            str_add(out, t->s, len);
            if (left)
                str_fill(out, ' ', pad);
            awk_str_drop(w->r, t);
            continue;
        }
        double d = awk_num(v);
        if (c == 'c') {
            spec[n++] = 'c';
            spec[n] = '\0';
            k = snprintf(text, sizeof(text), spec, (int)(unsigned char)integer(d));
            str_add(out, text, (size_t)k < sizeof(text) ? (size_t)k : sizeof(text) - 1);
            continue;
        }
        bool whole = strchr("diouxX", c);
        if (whole) {
            spec[n++] = 'l';
            spec[n++] = 'l';
        }
        spec[n++] = c;
        spec[n] = '\0';
        if (whole && strchr("di", c)) {
            long long i = integer(d);
            k = snprintf(text, sizeof(text), spec, i);
        } else if (whole) {
            k = snprintf(text, sizeof(text), spec,
                         d < 0 ? (unsigned long long)integer(d)
                               : (unsigned long long)(d > 1.8e19 ? 1.8e19 : d));
        } else {
            k = snprintf(text, sizeof(text), spec, d);
        }
        str_add(out, text, k > 0 && (size_t)k < sizeof(text) ? (size_t)k : sizeof(text) - 1);
    }
}

/* printf's and sprintf's arguments are evaluated into v. */
static int eval_list(struct awk *w, struct awk_node *n, struct awk_val *v, int max)
{
    int count = 0;
    for (; n && count < max; n = n->next)
        v[count++] = awk_eval(w, n);
    return count;
}

void awk_format_list(struct awk *w, struct awk_node *list, struct str *out, const char *who)
{
    struct awk_val v[MAX_ARGS];
    int n = eval_list(w, list, v, MAX_ARGS);
    struct awk_str *f = awk_to_string(w, &v[0]);
    format(w, out, f, v + 1, n - 1, who);
    awk_str_drop(w->r, f);
    while (n)
        awk_drop(w->r, &v[--n]);
}
