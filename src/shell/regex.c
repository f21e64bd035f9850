/* regex.c -- [[ =~ ]]: POSIX extended expressions on PCRE2 with limits.
 *
 * Translation escapes what PCRE would read differently (backslashes in brackets,
 * "(?", "\d" and its like). When alternatives make leftmost-longest differ from
 * leftmost-first, the longest end is found with the DFA matcher and groups are then
 * matched against exactly that piece.
 * SPDX-License-Identifier: Apache-2.0                                  */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

#include "shell/cond.h"
#include "shell/expand.h"

enum { MATCH_LIMIT = 1000000, HEAP_KIB = 4096, DEPTH_LIMIT = 2000, PATTERN_MAX = 65536 };

static const char *translate_bracket(struct str *out, const char *s)
{
    str_putc(out, '[');
    s++;
    if (*s == '^')
        str_putc(out, *s++);
    for (bool first = true; *s && (*s != ']' || first); first = false) {
        if (*s == '[' && (s[1] == ':' || s[1] == '.' || s[1] == '=')) {
            const char *e = strstr(s + 2, (const char[]){s[1], ']', 0});
            if (e && s[1] == ':') {
                str_add(out, s, (size_t)(e + 2 - s));
                s = e + 2;
                continue;
            }
            if (e) {
                str_putc(out, '\\');
                str_add(out, s + 2, (size_t)(e - s - 2));
                s = e + 2;
                continue;
            }
        }
        if (*s == '\\' || *s == '[' || (*s == ']' && first))
            str_putc(out, '\\');
        str_putc(out, *s++);
    }
    if (*s)
        str_putc(out, *s++);
    return s;
}

static void translate(struct str *out, const char *s)
{
    bool atom = false; /* something a repetition can apply to precedes */
    while (*s) {
        if (*s == '[') {
            s = translate_bracket(out, s);
            atom = true;
        } else if (*s == '\\' && s[1]) {
            if (s[1] == '<')
                str_puts(out, "\\b(?=\\w)");
            else if (s[1] == '>')
                str_puts(out, "\\b(?<=\\w)");
            else if (strchr("wWsSbB", s[1]))
                str_add(out, s, 2);
            else if ((s[1] >= '1' && s[1] <= '9'))
                str_add(out, s, 2);
            else if ((s[1] >= 'a' && s[1] <= 'z') || (s[1] >= 'A' && s[1] <= 'Z') ||
                     (unsigned char)s[1] >= 0x80 || s[1] == '0')
                str_putc(out, s[1]);
            else
                str_add(out, s, 2);
            s += 2;
            atom = true;
        } else if (*s == '{' && atom && !(s[1] >= '0' && s[1] <= '9')) {
            str_puts(out, "\\{");
            s++;
            atom = true;
        } else if (strchr("*+?{", *s)) {
            if (!atom) {
                if (*s == '*') { /* literal at the start, as in glibc */
                    str_puts(out, "\\*");
                    s++;
                    atom = true;
                    continue;
                }
                str_puts(out, "("); /* an error there too */
                return;
            }
            size_t n = *s == '{' ? strcspn(s, "}") + 1 : 1;
            str_add(out, s, n > strlen(s) ? strlen(s) : n);
            s += n > strlen(s) ? strlen(s) : n;
            while (*s == '*' || *s == '+' || *s == '?') /* a** is a* */
                s++;
        } else if (*s == '(') {
            str_putc(out, *s++);
            atom = false;
        } else {
            atom = *s != '|' && *s != '^';
            str_putc(out, *s++);
        }
    }
}

static void set_rematch(struct shell *sh, const char *s, const PCRE2_SIZE *ov, int n)
{
    struct var *v = var_make(sh, "BASH_REMATCH");
    v->flags &= ~(unsigned)VAR_READONLY;
    var_clear(sh, v);
    var_make_array(sh, v, false);
    for (int i = 0; i < n; i++) {
        char *t = ov[2 * i] == PCRE2_UNSET
                      ? sh_tmp_strdup(sh, "")
                      : sh_tmp_strndup(sh, s + ov[2 * i], ov[2 * i + 1] - ov[2 * i]);
        array_set(sh, v->arr, i, t);
    }
}

static int run(struct shell *sh, pcre2_code *code, const char *s, bool alternatives)
{
    pcre2_match_data *md = pcre2_match_data_create_from_pattern(code, NULL);
    pcre2_match_context *mc = pcre2_match_context_create(NULL);
    size_t n = strlen(s);
    int rc = PCRE2_ERROR_NOMEMORY;
    if (md && mc) {
        pcre2_set_match_limit(mc, MATCH_LIMIT);
        pcre2_set_heap_limit(mc, HEAP_KIB);
        pcre2_set_depth_limit(mc, DEPTH_LIMIT);
        rc = pcre2_match(code, (PCRE2_SPTR)s, n, 0, 0, md, mc);
        if (rc > 0 && alternatives) {
            PCRE2_SIZE start = pcre2_get_ovector_pointer(md)[0];
            PCRE2_SIZE end = pcre2_get_ovector_pointer(md)[1];
            int space[1000];
            pcre2_match_data *dm = pcre2_match_data_create(8, NULL);
            if (dm &&
                pcre2_dfa_match(code, (PCRE2_SPTR)s, n, start, PCRE2_ANCHORED, dm, mc, space,
                                1000) >= 0 &&
                pcre2_get_ovector_pointer(dm)[1] > end)
                rc = pcre2_match(code, (PCRE2_SPTR)s, pcre2_get_ovector_pointer(dm)[1], start,
                                 PCRE2_ANCHORED | PCRE2_ENDANCHORED, md, mc);
            pcre2_match_data_free(dm);
        }
    }
    vm_tick(sh->p, 50 + (unsigned)(n >> 4));
    if (rc > 0) {
        uint32_t count = pcre2_get_ovector_count(md);
        /* groups that took no part are unset beyond rc */
        PCRE2_SIZE *ov = pcre2_get_ovector_pointer(md);
        for (uint32_t i = (uint32_t)rc; i < count; i++)
            ov[2 * i] = PCRE2_UNSET;
        char *copy = sh_tmp_strdup(sh, s);
        PCRE2_SIZE *own = sh_tmp(sh, 2 * count * sizeof *own);
        memcpy(own, ov, 2 * count * sizeof *own);
        pcre2_match_data_free(md);
        pcre2_match_context_free(mc);
        set_rematch(sh, copy, own, (int)count);
        return 0;
    }
    pcre2_match_data_free(md);
    pcre2_match_context_free(mc);
    set_rematch(sh, s, NULL, 0);
    return 1;
}

int regex_match(struct shell *sh, const char *s, const char *re)
{
    struct str t;
    int err;
    PCRE2_SIZE at;
    if (strlen(re) > PATTERN_MAX)
        return 2;
    str_init(&t, sh->tmp);
    translate(&t, re);
    uint32_t flags = PCRE2_DOTALL | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY;
    if (sh->shopt[SHOPT_NOCASEMATCH])
        flags |= PCRE2_CASELESS;
    if (sh_utf8(sh) && utf8_valid(s, strlen(s)) && utf8_valid(re, strlen(re)))
        flags |= PCRE2_UTF | PCRE2_UCP;
    pcre2_compile_context *cc = pcre2_compile_context_create(NULL);
    if (!cc)
        return 2;
    pcre2_set_parens_nest_limit(cc, 100);
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)str_text(&t), t.n, flags, &err, &at, cc);
    pcre2_compile_context_free(cc);
    if (!code)
        return 2;
    int r = run(sh, code, s, strchr(re, '|') != NULL);
    pcre2_code_free(code);
    return r;
}
