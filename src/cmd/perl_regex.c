/* perl_regex.c -- Perl's regular expressions, by PCRE2 within limits.
 *
 * All of PCRE2's memory comes from the process's arena, so a process that
 * vanishes leaves nothing behind; steps, depth and heap of a match are bounded.
 * SPDX-License-Identifier: Apache-2.0                                  */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/str.h"
#include "cmd/perl_regex.h"

enum { MATCH_LIMIT = 200000, DEPTH_LIMIT = 5000, HEAP_KIB = 4096, NEST_LIMIT = 60 };

struct perl_regex {
    struct proc *p;
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *limits;
    bool utf8;
};

static void *take(size_t n, void *ctx)
{
    return vm_alloc(ctx, n);
}

/* Sizes are not told here: the memory goes with the process. */
static void give(void *mem, void *ctx)
{
    (void)mem;
    (void)ctx;
}

struct perl_regex *perl_regex_new(struct proc *p, const char *pattern, size_t n, bool icase,
                                  bool utf8, bool words, bool lines, const char **why)
{
    struct perl_regex *re = vm_alloc(p, sizeof(*re));
    pcre2_general_context *g = pcre2_general_context_create(take, give, p);
    pcre2_compile_context *c = pcre2_compile_context_create(g);
    struct str b;
    int err;
    PCRE2_SIZE at;
    str_init(&b, vm_arena(p));
    str_puts(&b, lines ? "^(?:" : words ? "(?<!\\w)(?:" : "");
    str_add(&b, pattern, n);
    str_puts(&b, lines ? ")$" : words ? ")(?!\\w)" : "");
    pcre2_set_parens_nest_limit(c, NEST_LIMIT);
    uint32_t flags = (icase ? PCRE2_CASELESS : 0) | PCRE2_NEVER_BACKSLASH_C |
                     (utf8 ? PCRE2_UTF | PCRE2_MATCH_INVALID_UTF : 0);
    re->code = pcre2_compile((PCRE2_SPTR)str_text(&b), b.n, flags, &err, &at, c);
    if (!re->code) {
        PCRE2_UCHAR *text = vm_alloc(p, 256);
        pcre2_get_error_message(err, text, 256);
        *why = (const char *)text;
        return NULL;
    }
    re->p = p;
    re->data = pcre2_match_data_create_from_pattern(re->code, g);
    re->limits = pcre2_match_context_create(g);
    pcre2_set_match_limit(re->limits, MATCH_LIMIT);
    pcre2_set_depth_limit(re->limits, DEPTH_LIMIT);
    pcre2_set_heap_limit(re->limits, HEAP_KIB);
    return re;
}

int perl_regex_exec(struct perl_regex *re, const char *s, size_t n, size_t from,
                    struct regex_match *m)
{
    int found = pcre2_match(re->code, (PCRE2_SPTR)s, n, from, 0, re->data, re->limits);
    vm_tick(re->p, 32);
    if (found == PCRE2_ERROR_NOMATCH)
        return 0;
    if (found < 0)
        return ERR_LIMIT;
    PCRE2_SIZE *v = pcre2_get_ovector_pointer(re->data);
    *m = (struct regex_match){v[0], v[1] < v[0] ? v[0] : v[1]};
    return 1;
}
