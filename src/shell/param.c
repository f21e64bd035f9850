/* param.c -- ${...}: values of parameters and all operators on them.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#include "shell/arith.h"
#include "shell/builtin.h"
#include "shell/expand.h"
#include "shell/pattern.h"
#include "shell/shell.h"
#include "shell/text.h"

struct value {
    bool list, star;
    char **v;
    int n;
    const char *s; /* scalar; NULL: unset */
    struct var *var;
    const char *name; /* final name, for messages and assignments */
    const char *sub;  /* subscript text of an element */
};

/* --- values --------------------------------------------------------------------------- */

static const char *positional(struct shell *sh, const char *digits)
{
    long k = strtol(digits, NULL, 10);
    if (k == 0)
        return sh->dollar0;
    return k > 0 && k <= sh->args.n ? sh->args.v[k - 1] : NULL;
}

const char *param_special(struct shell *sh, const char *name)
{
    char text[64];
    if (isdigit((unsigned char)*name))
        return positional(sh, name);
    switch (*name) {
    case '?':
        return sh_tmp_printf(sh, "%d", sh->status);
    case '$':
        return sh_tmp_printf(sh, "%d", sh->pid);
    case '#':
        return sh_tmp_printf(sh, "%d", sh->args.n);
    case '!':
        return sh->last_bg ? sh_tmp_printf(sh, "%d", sh->last_bg) : NULL;
    case '-':
        sh_flags(sh, text, sizeof text);
        return sh_tmp_strdup(sh, text);
    default:
        return NULL;
    }
}

static void array_list(struct shell *sh, struct value *val, bool keys)
{
    struct var *v = val->var;
    val->v = NULL;
    val->n = 0;
    if (!v)
        return;
    struct array *a = v->flags & (VAR_ARRAY | VAR_ASSOC) ? var_array(sh, v) : NULL;
    if (!a) {
        const char *s = var_value(sh, v);
        if (s) {
            val->v = sh_tmp(sh, sizeof *val->v);
            val->v[0] = keys ? sh_tmp_strdup(sh, "0") : sh_tmp_strdup(sh, s);
            val->n = 1;
        }
        return;
    }
    size_t *order = v->flags & VAR_ASSOC ? assoc_order(sh, a) : NULL;
    val->v = sh_tmp(sh, (a->n + 1) * sizeof *val->v);
    for (size_t i = 0; i < a->n; i++) {
        const struct elem *e = &a->e[order ? order[i] : i];
        vm_tick(sh->p, 1);
        if (!keys)
            val->v[i] = sh_tmp_strdup(sh, e->val);
        else if (order)
            val->v[i] = sh_tmp_strdup(sh, e->key);
        else
            val->v[i] = sh_tmp_printf(sh, "%lld", (long long)e->index);
    }
    val->n = (int)a->n;
}

/* The value of name, with an element or list of an array. */
static void get_value(struct shell *sh, const char *name, const char *sub, char kind,
                      struct value *val)
{
    *val = (struct value){.name = name, .sub = sub};
    if (name[0] == '@' || name[0] == '*') {
        val->list = true;
        val->star = name[0] == '*';
        val->v = sh->args.v;
        val->n = sh->args.n;
        return;
    }
    if (!isalpha((unsigned char)*name) && *name != '_') {
        val->s = param_special(sh, name);
        return;
    }
    const char *inner;
    val->var = var_deref(sh, &name, &inner);
    val->name = name;
    if (inner && !sub && !kind) {
        if (strcmp(inner, "@") == 0 || strcmp(inner, "*") == 0)
            kind = *inner;
        else
            val->sub = sub = inner;
    }
    if (kind) {
        val->list = true;
        val->star = kind == '*';
        array_list(sh, val, false);
    } else if (sub) {
        val->s = expand_element(sh, name, sub);
    } else if (val->var) {
        val->s = var_value(sh, val->var);
    }
    if (val->s)
        val->s = sh_tmp_strdup(sh, val->s);
}

static bool is_unset(const struct value *v)
{
    return v->list ? v->n == 0 : v->s == NULL;
}

static bool is_null(const struct value *v)
{
    if (v->list)
        return v->n == 0 || (v->n == 1 && !*v->v[0]);
    return !v->s || !*v->s;
}

/* "name" or "name[sub]" or a special parameter, as text. */
static bool value_by_text(struct shell *sh, const char *text, struct value *val)
{
    const char *open = strchr(text, '[');
    size_t n = strlen(text);
    if (open && text[n - 1] == ']' && lex_is_name(text, (size_t)(open - text))) {
        char *name = sh_tmp_strndup(sh, text, (size_t)(open - text));
        char *sub = sh_tmp_strndup(sh, open + 1, n - (size_t)(open - text) - 2);
        bool all = strcmp(sub, "@") == 0 || strcmp(sub, "*") == 0;
        get_value(sh, name, all ? NULL : sub, all ? *sub : 0, val);
        return true;
    }
    if (!lex_is_name(text, n) && strspn(text, "0123456789") != n &&
        !(n == 1 && strchr("@*#?-$!", *text)))
        return false;
    get_value(sh, text, NULL, 0, val);
    return true;
}

const char *param_by_text(struct shell *sh, const char *text)
{
    struct value val;
    if (!*text || !value_by_text(sh, text, &val))
        return NULL;
    return val.list ? (val.n ? val.v[0] : NULL) : val.s;
}

/* --- operators ------------------------------------------------------------------------------ */

static void tick(void *ctx, unsigned n)
{
    vm_tick(ctx, n);
}

static struct pattern *compile(struct shell *sh, const struct word *w)
{
    unsigned flags = sh_pattern_flags(sh, true);
    struct pattern *p = pattern_compile(sh->tmp, w ? expand_pattern(sh, w) : "", flags);
    if (p)
        pattern_set_tick(p, tick, sh->p);
    return p;
}

static size_t char_len(bool utf8, const char *s, size_t n)
{
    uint32_t rune;
    size_t k = utf8 ? utf8_decode(s, n, &rune) : 1;
    return k ? k : 1;
}

static const char *remove_affix(struct shell *sh, struct pattern *p, const char *s,
                                enum param_op op)
{
    size_t n = strlen(s), k;
    bool utf8 = sh_utf8(sh);
    if (op == PAR_PREFIX || op == PAR_PREFIX_L) {
        k = pattern_prefix(p, s, n, op == PAR_PREFIX_L);
        return k == (size_t)-1 ? s : s + k;
    }
    if (op == PAR_SUFFIX_L) {
        for (size_t i = 0; i <= n; i += i < n ? char_len(utf8, s + i, n - i) : 1)
            if (pattern_match(p, s + i, n - i))
                return sh_tmp_strndup(sh, s, i);
        return s;
    }
    for (size_t i = n + 1; i-- > 0;)
        if (!(utf8 && ((unsigned char)s[i] & 0xC0) == 0x80) && pattern_match(p, s + i, n - i))
            return sh_tmp_strndup(sh, s, i);
    return s;
}

/* The replacement: unquoted & stands for what matched. */
static void add_replacement(struct str *out, const char *rep, const char *s, size_t n, bool amp)
{
    for (; *rep; rep++) {
        if (*rep == '\\' && amp && (rep[1] == '&' || rep[1] == '\\'))
            str_putc(out, *++rep);
        else if (*rep == '&' && amp)
            str_add(out, s, n);
        else
            str_putc(out, *rep);
    }
}

static const char *replace(struct shell *sh, struct pattern *p, const char *s, const char *rep,
                           enum param_op op)
{
    struct str out;
    str_init(&out, sh->tmp);
    size_t n = strlen(s), k;
    bool utf8 = sh_utf8(sh), amp = sh->shopt[SHOPT_PATSUB_REPLACEMENT];
    if (op == PAR_REPLACE_B) {
        k = pattern_prefix(p, s, n, true);
        if (k == (size_t)-1)
            return s;
        add_replacement(&out, rep, s, k, amp);
        str_puts(&out, s + k);
        return str_text(&out);
    }
    if (op == PAR_REPLACE_E) {
        for (size_t i = 0; i <= n; i++)
            if (pattern_match(p, s + i, n - i)) {
                str_add(&out, s, i);
                add_replacement(&out, rep, s + i, n - i, amp);
                return str_text(&out);
            }
        return s;
    }
    bool done = false;
    for (size_t i = 0; i < n || (n == 0 && i == 0);) {
        k = done ? (size_t)-1 : pattern_prefix(p, s + i, n - i, true);
        vm_tick(sh->p, 1);
        if (k == (size_t)-1 || (k == 0 && n)) {
            size_t c = char_len(utf8, s + i, n - i);
            str_add(&out, s + i, c);
            i += c;
            continue;
        }
        add_replacement(&out, rep, s + i, k, amp);
        i += k;
        done = op == PAR_REPLACE;
        if (n == 0)
            break;
    }
    return str_text(&out);
}

static const char *change_case(struct shell *sh, struct pattern *p, const char *s, enum param_op op)
{
    struct str out;
    str_init(&out, sh->tmp);
    size_t n = strlen(s);
    bool utf8 = sh_utf8(sh);
    bool all = op == PAR_UPPER_A || op == PAR_LOWER_A || op == PAR_TOGGLE_A;
    for (size_t i = 0; i < n;) {
        size_t k = char_len(utf8, s + i, n - i);
        bool hit = (i == 0 || all) && (!p || pattern_match(p, s + i, k));
        uint32_t c = (unsigned char)s[i];
        if (k > 1)
            utf8_decode(s + i, n - i, &c);
        if (hit) {
            bool up = op == PAR_UPPER || op == PAR_UPPER_A ||
                      ((op == PAR_TOGGLE || op == PAR_TOGGLE_A) && iswlower((wint_t)c));
            c = (uint32_t)(up ? towupper((wint_t)c) : towlower((wint_t)c));
        }
        if (k > 1)
            str_utf8(&out, c);
        else
            str_putc(&out, (int)c);
        i += k;
    }
    return str_text(&out);
}

static const char *transform(struct shell *sh, const struct value *val, const char *s, char letter)
{
    struct str out;
    str_init(&out, sh->tmp);
    switch (letter) {
    case 'U':
        return change_case(sh, NULL, s, PAR_UPPER_A);
    case 'u':
        return change_case(sh, NULL, s, PAR_UPPER);
    case 'L':
        return change_case(sh, NULL, s, PAR_LOWER_A);
    case 'Q':
    case 'K':
    case 'k':
        text_quote_at(&out, s);
        break;
    case 'E':
        text_unescape(&out, s, strlen(s), TEXT_ANSI);
        break;
    case 'P':
        return prompt_expand(sh, s);
    case 'a':
        if (val->var)
            decl_letters(val->var, &out);
        break;
    case 'A':
        if (!val->var)
            return "";
        decl_assign(sh, &out, val->var, val->sub, s);
        break;
    }
    return str_text(&out);
}

/* --- slices -------------------------------------------------------------------------------------
 */

static int64_t operand(struct shell *sh, const struct word *w)
{
    return arith_eval(sh, expand_arith(sh, w), NULL);
}

static void slice_error(struct shell *sh, const struct word *len)
{
    sh_error(sh, "%s: substring expression < 0", len->text);
    sh->status = 1;
    sh_throw(sh, JUMP_DISCARD);
}

static void slice_list(struct shell *sh, const struct param *m, struct value *val)
{
    int64_t off = operand(sh, m->a), len = INT64_MAX;
    if (m->b) {
        len = operand(sh, m->b);
        if (len < 0)
            slice_error(sh, m->b);
    }
    bool args = m->name[0] == '@' || m->name[0] == '*';
    char **v = val->v;
    int n = val->n, from = 0;
    if (args) { /* $0 is element 0 */
        v = sh_tmp(sh, ((size_t)n + 2) * sizeof *v);
        v[0] = (char *)sh->dollar0;
        if (n)
            memcpy(v + 1, val->v, (size_t)n * sizeof *v);
        n++;
        if (off < 0)
            off += n;
        if (off < 0) {
            val->n = 0;
            return;
        }
        from = off > n ? n : (int)off;
    } else {
        struct array *a = val->var ? var_array(sh, val->var) : NULL;
        bool sparse = a && !(val->var->flags & VAR_ASSOC);
        int64_t top = sparse ? array_next_index(a) : n;
        if (off < 0)
            off += top;
        if (off < 0) {
            val->n = 0;
            return;
        }
        if (sparse)
            while (from < n && a->e[from].index < off)
                from++;
        else
            from = off > n ? n : (int)off;
    }
    val->v = v + from;
    val->n = n - from < len ? n - from : (int)len;
}

static const char *slice_text(struct shell *sh, const struct param *m, const char *s)
{
    bool utf8 = sh_utf8(sh);
    size_t bytes = strlen(s);
    int64_t n = 0, off = operand(sh, m->a), end;
    for (size_t i = 0; i < bytes; i += char_len(utf8, s + i, bytes - i))
        n++;
    if (off < 0)
        off += n;
    end = n;
    if (m->b) {
        int64_t len = operand(sh, m->b);
        if (len < 0) {
            end = n + len;
            if (off >= 0 && off <= n && end < off)
                slice_error(sh, m->b);
        } else {
            end = len > n - off ? n : off + len;
        }
    }
    if (off < 0 || off > n || end < off)
        return "";
    size_t i = 0, from;
    int64_t k = 0;
    for (; k < off; k++)
        i += char_len(utf8, s + i, bytes - i);
    from = i;
    for (; k < end; k++)
        i += char_len(utf8, s + i, bytes - i);
    return sh_tmp_strndup(sh, s + from, i - from);
}

/* --- all together
 * ---------------------------------------------------------------------------------- */

static void bad(struct shell *sh, const struct param *m)
{
    if (sh->dash) {
        sh_error(sh, "Bad substitution");
        sh_fatal(sh, 2);
    }
    sh_error(sh, "%s: bad substitution", m->text);
    sh->status = 1;
    sh_throw(sh, JUMP_DISCARD);
}

static void unbound(struct shell *sh, const char *name)
{
    if (sh->dash) {
        sh_error(sh, "%s: parameter not set", name);
        sh_fatal(sh, 2);
    }
    sh_error(sh, "%s: unbound variable", name);
    sh_fatal(sh, 127);
}

static void error_operator(struct shell *sh, const struct param *m, const char *name)
{
    const char *text = m->a && m->a->segs ? expand_string(sh, m->a) : NULL;
    if (!text || !*text)
        text = sh->dash ? (m->colon ? "parameter not set or null" : "parameter not set")
                        : (m->colon ? "parameter null or not set" : "parameter not set");
    sh_error(sh, "%s%s: %s", m->bang ? "!" : "", m->bang ? m->name : name, text);
    sh_fatal(sh, sh->dash ? 2 : 127);
}

static void assign_operator(struct expansion *e, const struct param *m, struct value *val)
{
    struct shell *sh = expansion_shell(e);
    const char *name = val->name;
    if (!lex_is_name(name, strlen(name)) || val->list) {
        if (sh->dash) {
            sh_error(sh, "Bad substitution");
            sh_fatal(sh, 2);
        }
        sh_error(sh, "$%s: cannot assign in this way", name);
        sh->status = 1;
        sh_throw(sh, JUMP_DISCARD);
    }
    const char *s = sh_tmp_strdup(sh, m->a ? expand_string(sh, m->a) : "");
    bool ok = val->sub ? var_set_elem(sh, name, expand_subscript(sh, name, val->sub), s, false)
                       : var_set(sh, name, s);
    if (!ok) {
        sh->status = 1;
        if (sh->dash)
            sh_fatal(sh, 2);
        sh_throw(sh, JUMP_DISCARD);
    }
    val->list = false;
    val->s = val->sub ? s : sh_tmp_strdup(sh, var_get(sh, name));
}

static const char *apply(struct shell *sh, const struct param *m, const struct value *val,
                         struct pattern *p, const char *rep, const char *s)
{
    switch (m->op) {
    case PAR_PREFIX:
    case PAR_PREFIX_L:
    case PAR_SUFFIX:
    case PAR_SUFFIX_L:
        return remove_affix(sh, p, s, m->op);
    case PAR_REPLACE:
    case PAR_REPLACE_A:
    case PAR_REPLACE_B:
    case PAR_REPLACE_E:
        return p ? replace(sh, p, s, rep, m->op) : s;
    case PAR_UPPER:
    case PAR_UPPER_A:
    case PAR_LOWER:
    case PAR_LOWER_A:
    case PAR_TOGGLE:
    case PAR_TOGGLE_A:
        return change_case(sh, p, s, m->op);
    case PAR_TRANSFORM:
        return transform(sh, val, s, m->letter);
    default:
        return s;
    }
}

/* Replacement text: what was quoted in it keeps & and \ literal. */
static const char *replacement(struct shell *sh, const struct word *w)
{
    if (!w)
        return "";
    if (!sh->shopt[SHOPT_PATSUB_REPLACEMENT])
        return expand_string(sh, w);
    return expand_replacement(sh, w);
}

static void length_of(struct expansion *e, const struct param *m, struct value *val, bool quoted)
{
    struct shell *sh = expansion_shell(e);
    int64_t n = 0;
    if (val->list) {
        n = val->n;
    } else if (val->s) {
        bool utf8 = sh_utf8(sh);
        size_t bytes = strlen(val->s);
        for (size_t i = 0; i < bytes; i += char_len(utf8, val->s + i, bytes - i))
            n++;
    } else if (sh->opt[OPT_NOUNSET]) {
        unbound(sh, m->name);
    }
    char *t = sh_tmp_printf(sh, "%lld", (long long)n);
    expansion_text(e, t, strlen(t), quoted);
}

static void names_like(struct expansion *e, const struct param *m, bool quoted)
{
    struct shell *sh = expansion_shell(e);
    size_t n;
    struct var **v = var_sorted(sh, m->name, &n);
    char **names = sh_tmp(sh, (n + 1) * sizeof *names);
    int k = 0;
    for (size_t i = 0; i < n; i++)
        if (var_is_set(sh, v[i]) || (v[i]->flags & (VAR_ARRAY | VAR_ASSOC)))
            names[k++] = v[i]->name;
    expansion_list(e, names, k, quoted, m->subkind == '*');
}

/* ${!x...}: replaces val by what x names. False: done already. */
static bool indirect(struct expansion *e, const struct param *m, struct value *val, bool quoted)
{
    struct shell *sh = expansion_shell(e);
    struct var *v = var_find(sh, m->name);
    if (m->subkind && m->op == PAR_NONE) { /* ${!a[@]}: keys */
        array_list(sh, val, true);
        expansion_list(e, val->v, val->n, quoted, val->star);
        return false;
    }
    if (v && (v->flags & VAR_NAMEREF) && !m->sub) {
        if (m->op == PAR_NONE) {
            const char *to = v->val ? v->val : "";
            expansion_text(e, to, strlen(to), quoted);
            return false;
        }
    }
    const char *text = val->s;
    if (val->list && val->n) {
        struct str all;
        str_init(&all, sh->tmp);
        for (int i = 0; i < val->n; i++)
            str_printf(&all, "%s%s", i ? " " : "", val->v[i]);
        text = str_text(&all);
    }
    if (!text) {
        if (v && (m->op != PAR_NONE || (v->flags & (VAR_ARRAY | VAR_ASSOC)))) {
            val->s = NULL;
            expansion_text(e, "", 0, quoted);
            return false;
        }
        sh_error(sh,
                 m->subkind ? "%s[%c]: invalid indirect expansion"
                            : "%s: invalid indirect expansion",
                 m->name, m->subkind);
        sh->status = 1;
        sh_throw(sh, JUMP_DISCARD);
    }
    if (!*text || !value_by_text(sh, text, val)) {
        sh_error(sh, "%s: invalid variable name", text);
        sh->status = 1;
        sh_throw(sh, JUMP_DISCARD);
    }
    return true;
}

/* -, =, ?, +: true if the operand took the value's place. */
static bool default_operators(struct expansion *e, const struct param *m, struct value *val,
                              bool quoted)
{
    struct shell *sh = expansion_shell(e);
    bool missing = m->colon ? is_null(val) : is_unset(val);
    switch (m->op) {
    case PAR_DEFAULT:
        if (!missing)
            return false;
        if (m->a)
            expansion_segs(e, m->a->segs);
        if (quoted && !(m->a && m->a->segs))
            expansion_text(e, "", 0, true);
        return true;
    case PAR_ALTERNATE:
        if (!missing && m->a)
            expansion_segs(e, m->a->segs);
        if (quoted && (missing || !m->a || !m->a->segs) && !(val->list && missing))
            expansion_text(e, "", 0, true);
        return true;
    case PAR_ASSIGN:
        if (missing)
            assign_operator(e, m, val);
        return false;
    case PAR_ERROR:
        if (missing)
            error_operator(sh, m, val->name);
        return false;
    default:
        return false;
    }
}

static void list_operators(struct expansion *e, const struct param *m, struct value *val,
                           bool quoted)
{
    struct shell *sh = expansion_shell(e);
    if (m->op == PAR_TRANSFORM && (m->letter == 'A' || m->letter == 'K' || m->letter == 'k') &&
        val->var) {
        struct fields f = {0};
        decl_list(sh, &f, val->var, m->letter);
        expansion_list(e, f.v, f.n, quoted, val->star);
        return;
    }
    if (m->op == PAR_SLICE) {
        slice_list(sh, m, val);
    } else if (m->op >= PAR_PREFIX && m->op <= PAR_TRANSFORM) {
        bool pattern = m->a && (m->op < PAR_UPPER || m->a->segs) && m->op != PAR_TRANSFORM;
        struct pattern *p = pattern ? compile(sh, m->a) : NULL;
        const char *rep =
            replacement(sh, m->op >= PAR_REPLACE && m->op <= PAR_REPLACE_E ? m->b : NULL);
        char **v = sh_tmp(sh, ((size_t)val->n + 1) * sizeof *v);
        for (int i = 0; i < val->n; i++)
            v[i] = (char *)apply(sh, m, val, p, rep, val->v[i]);
        val->v = v;
    }
    expansion_list(e, val->v, val->n, quoted, val->star);
}

void param_expand(struct expansion *e, const struct seg *seg)
{
    struct shell *sh = expansion_shell(e);
    const struct param *m = seg->param;
    bool quoted = seg->quoted;
    struct value val;
    if (m->op == PAR_BAD)
        bad(sh, m);
    if (m->op == PAR_NAMES) {
        names_like(e, m, quoted);
        return;
    }
    const char *sub = m->sub ? expand_string(sh, m->sub) : NULL;
    get_value(sh, m->name, sub, m->subkind, &val);
    if (m->bang && !indirect(e, m, &val, quoted))
        return;
    if (m->length) {
        length_of(e, m, &val, quoted);
        return;
    }
    if (m->op >= PAR_DEFAULT && m->op <= PAR_ALTERNATE && default_operators(e, m, &val, quoted))
        return;
    if (val.list) {
        list_operators(e, m, &val, quoted);
        return;
    }
    if (!val.s) {
        if (sh->opt[OPT_NOUNSET])
            unbound(sh, sub ? sh_tmp_printf(sh, "%s[%s]", m->name, sub) : m->name);
        if (m->op == PAR_TRANSFORM && (m->letter == 'a' || m->letter == 'A') && val.var) {
            const char *t = transform(sh, &val, NULL, m->letter);
            expansion_text(e, t, strlen(t), quoted);
            return;
        }
        if (quoted)
            expansion_text(e, "", 0, true);
        return;
    }
    const char *s = val.s;
    if (m->op == PAR_SLICE) {
        s = slice_text(sh, m, s);
    } else if (m->op >= PAR_PREFIX) {
        bool pattern = m->a && (m->op < PAR_UPPER || m->a->segs) && m->op != PAR_TRANSFORM;
        struct pattern *p = pattern ? compile(sh, m->a) : NULL;
        const char *rep =
            m->op >= PAR_REPLACE && m->op <= PAR_REPLACE_E ? replacement(sh, m->b) : "";
        s = apply(sh, m, &val, p, rep, s);
    }
    expansion_text(e, s, strlen(s), quoted);
}
