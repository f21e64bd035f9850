/* awk_lex.c -- cuts the text of an awk program into tokens.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdlib.h>
#include <string.h>

#include "cmd/awk_parse.h"

static const struct {
    const char *name;
    int tok, builtin;
} words[] = {
    {"BEGIN", T_BEGIN, 0},
    {"END", T_END, 0},
    {"function", T_FUNCTION, 0},
    {"if", T_IF, 0},
    {"else", T_ELSE, 0},
    {"while", T_WHILE, 0},
    {"for", T_FOR, 0},
    {"do", T_DO, 0},
    {"break", T_BREAK, 0},
    {"continue", T_CONTINUE, 0},
    {"next", T_NEXT, 0},
    {"nextfile", T_NEXTFILE, 0},
    {"exit", T_EXIT, 0},
    {"return", T_RETURN, 0},
    {"delete", T_DELETE, 0},
    {"in", T_IN, 0},
    {"getline", T_GETLINE, 0},
    {"print", T_PRINT, 0},
    {"printf", T_PRINTF, 0},
    {"length", T_BUILTIN, B_LENGTH},
    {"substr", T_BUILTIN, B_SUBSTR},
    {"index", T_BUILTIN, B_INDEX},
    {"split", T_BUILTIN, B_SPLIT},
    {"sub", T_BUILTIN, B_SUB},
    {"gsub", T_BUILTIN, B_GSUB},
    {"match", T_BUILTIN, B_MATCH},
    {"sprintf", T_BUILTIN, B_SPRINTF},
    {"sin", T_BUILTIN, B_SIN},
    {"cos", T_BUILTIN, B_COS},
    {"atan2", T_BUILTIN, B_ATAN2},
    {"exp", T_BUILTIN, B_EXP},
    {"log", T_BUILTIN, B_LOG},
    {"sqrt", T_BUILTIN, B_SQRT},
    {"int", T_BUILTIN, B_INT},
    {"rand", T_BUILTIN, B_RAND},
    {"srand", T_BUILTIN, B_SRAND},
    {"tolower", T_BUILTIN, B_TOLOWER},
    {"toupper", T_BUILTIN, B_TOUPPER},
    {"system", T_BUILTIN, B_SYSTEM},
    {"close", T_BUILTIN, B_CLOSE},
    {"fflush", T_BUILTIN, B_FFLUSH},
    {"strftime", T_BUILTIN, B_STRFTIME},
    {"systime", T_BUILTIN, B_SYSTIME},
    {"mktime", T_BUILTIN, B_MKTIME},
};

void awk_give_up(struct awk_parser *p)
{
    longjmp(p->fail, 1);
}

/* "near TOKEN", as awk words it. */
void awk_syntax_error(struct awk_parser *p)
{
    if (p->tok == T_EOF)
        cmd_warn(p->r, "line %d: %s", p->line,
                 p->depth ? "missing } near end of file" : "syntax error at or near end of file");
    else if (p->tok == ')' && !p->parens)
        cmd_warn(p->r, "line %d: extra ')'", p->line);
    else if (p->tok == T_NL)
        cmd_warn(p->r, "line %d: syntax error at or near end of line", p->line - 1);
    else
        cmd_warn(p->r, "line %d: syntax error at or near %.*s", p->line, (int)(p->s - p->start),
                 p->start);
    awk_give_up(p);
}

/* --- tokens -------------------------------------------------------------------------- */

bool awk_name_char(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (!first && c >= '0' && c <= '9');
}

/* Adds the escape behind a backslash; in a regular expression it stays. */
const char *awk_take_escape(struct awk_parser *p, const char *s)
{
    static const char from[] = "\"\\/abfnrtv", to[] = "\"\\/\a\b\f\n\r\t\v";
    const char *e = *s ? strchr(from, *s) : NULL;
    if (e && *s != '/') {
        str_putc(&p->text, to[e - from]);
        return s + 1;
    }
    if (*s >= '0' && *s <= '7') {
        int v = 0;
        for (int i = 0; i < 3 && *s >= '0' && *s <= '7'; i++)
            v = v * 8 + (*s++ - '0');
        str_putc(&p->text, v & 255);
        return s;
    }
    if (*s == 'x' && strspn(s + 1, "0123456789abcdefABCDEF")) {
        char hex[3] = {s[1], strspn(s + 2, "0123456789abcdefABCDEF") ? s[2] : '\0', '\0'};
        str_putc(&p->text, (int)strtol(hex, NULL, 16));
        return s + 1 + strlen(hex);
    }
    str_putc(&p->text, '\\');
    if (*s)
        str_putc(&p->text, *s++);
    return s;
}

static void lex_string(struct awk_parser *p)
{
    str_trunc(&p->text, 0);
    while (*p->s != '"') {
        if (!*p->s || *p->s == '\n') {
            cmd_warn(p->r, "line %d: runaway string constant \"%.*s ...", p->line,
                     (int)strcspn(p->start + 1, "\n") > 10 ? 10 : (int)strcspn(p->start + 1, "\n"),
                     p->start + 1);
            awk_give_up(p);
        }
        if (*p->s == '\\' && p->s[1] == '\n') {
            p->s += 2;
            p->line++;
        } else if (*p->s == '\\') {
            p->s = awk_take_escape(p, p->s + 1);
        } else {
            str_putc(&p->text, *p->s++);
        }
    }
    p->s++;
    p->tok = T_STR;
}

static void lex_word(struct awk_parser *p)
{
    while (awk_name_char(*p->s, false))
        p->s++;
    size_t n = (size_t)(p->s - p->start);
    str_trunc(&p->text, 0);
    str_add(&p->text, p->start, n);
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (strlen(words[i].name) == n && !memcmp(words[i].name, p->start, n)) {
            p->tok = words[i].tok;
            p->builtin = words[i].builtin;
            return;
        }
    p->tok = *p->s == '(' ? T_FUNC_NAME : T_NAME;
}

static void lex_number(struct awk_parser *p)
{
    /* decimal only: "0x10" is 0 followed by a name */
    const char *s = p->s;
    s += strspn(s, "0123456789");
    if (*s == '.')
        s += 1 + strspn(s + 1, "0123456789");
    if ((*s == 'e' || *s == 'E')) {
        const char *e = s + 1 + (s[1] == '+' || s[1] == '-');
        size_t n = strspn(e, "0123456789");
        s = n ? e + n : s + 1;
    }
    char *copy = vm_asprintf(p->r->p, "%.*s", (int)(s - p->s), p->s);
    p->num = strtod(copy, NULL);
    p->s = s;
    p->tok = T_NUM;
}

void awk_lex(struct awk_parser *p)
{
    static const struct {
        const char *text;
        int tok;
    } ops[] = {{"&&", T_AND},    {"||", T_OR},     {"==", T_EQ},     {"<=", T_LE},
               {">=", T_GE},     {"!=", T_NE},     {"++", T_INC},    {"--", T_DEC},
               {">>", T_APPEND}, {"+=", T_ADD_EQ}, {"-=", T_SUB_EQ}, {"*=", T_MUL_EQ},
               {"/=", T_DIV_EQ}, {"%=", T_MOD_EQ}, {"^=", T_POW_EQ}};
    for (;;) {
        p->s += strspn(p->s, " \t\r");
        if (*p->s == '#')
            p->s += strcspn(p->s, "\n");
        if (p->s[0] == '\\' && (p->s[1] == '\n' || (p->s[1] == '\r' && p->s[2] == '\n'))) {
            p->s += p->s[1] == '\n' ? 2 : 3;
            p->line++;
            continue;
        }
        break;
    }
    p->start = p->s;
    char c = *p->s;
    if (!c) {
        p->tok = T_EOF;
        return;
    }
    if (c == '\n') {
        p->s++;
        p->line++;
        p->tok = T_NL;
        return;
    }
    if (c == '"') {
        p->s++;
        lex_string(p);
        return;
    }
    if (awk_name_char(c, true)) {
        lex_word(p);
        return;
    }
    if ((c >= '0' && c <= '9') || (c == '.' && p->s[1] >= '0' && p->s[1] <= '9')) {
        lex_number(p);
        return;
    }
    for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
        if (!strncmp(p->s, ops[i].text, 2)) {
            p->s += 2;
            p->tok = ops[i].tok;
            return;
        }
    if (!strchr("{}()[];,+-*/%^!<>|?:~$=", c)) {
        if ((unsigned char)c < 32 || (unsigned char)c > 126)
            cmd_warn(p->r, "%d: unexpected character 0x%02x", p->line, (unsigned char)c);
        else
            cmd_warn(p->r, "%d: unexpected character '%c'", p->line, c);
        awk_give_up(p);
    }
    p->s++;
    p->tok = c;
}

void awk_skip_newlines(struct awk_parser *p)
{
    while (p->tok == T_NL)
        awk_lex(p);
}

void awk_expect(struct awk_parser *p, int tok)
{
    if (p->tok != tok)
        awk_syntax_error(p);
    awk_lex(p);
}

const char *awk_builtin_name(int which)
{
    return words[19 + which].name;
}
