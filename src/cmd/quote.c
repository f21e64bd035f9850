/* quote.c -- names in messages, quoted as GNU programs quote them.
 *
 * Three styles: the shell's quotes when needed (quotef), always (quoteaf), and
 * the locale's quotation marks (quote). In the shell styles, what cannot be
 * printed stands in $'...'.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "cmd/cmd.h"

bool cmd_utf8(struct proc *p)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < 3; i++) {
        const char *v = vm_getenv(p, names[i]);
        if (v && *v)
            return strstr(v, "UTF-8") || strstr(v, "utf8") || strstr(v, "utf-8") ||
                   strstr(v, "UTF8");
    }
    return false;
}

/* Length of the printable character at s, 0 if it cannot be printed. */
static size_t printable(const char *s, size_t n, bool utf8)
{
    unsigned char c = (unsigned char)*s;
    if (c < 0x80)
        return c >= 32 && c != 127;
    uint32_t rune;
    size_t len = utf8 ? utf8_decode(s, n, &rune) : 0;
    return len && rune >= 0xa0 ? len : 0;
}

/* Must s stand in quotes for a shell (and for a message's reader)? */
static bool needs_quotes(const char *s, size_t n, bool utf8, bool colon)
{
    if (!n)
        return true;
    if (n == 1 && (*s == '{' || *s == '}'))
        return true;
    if (*s == '#' || *s == '~')
        return true;
    for (size_t i = 0; i < n;) {
        size_t len = printable(s + i, n - i, utf8);
        if (!len || strchr(" !\"$&()*;<=>[^`|'\\?", s[i]) || (colon && s[i] == ':'))
            return true;
        i += len;
    }
    return false;
}

/* Can s stand in double quotes, being quoted for its single quotes only? */
static bool double_fits(const char *s, size_t n, bool utf8)
{
    if (!memchr(s, '\'', n))
        return false;
    for (size_t i = 0; i < n;) {
        size_t len = printable(s + i, n - i, utf8);
        if (len != 1 || strchr("!\"$&()*;<=>[^`|\\?", s[i]))
            return false;
        i += len;
    }
    return true;
}

static void add_escape(struct str *b, unsigned char c)
{
    static const char names[] = "abtnvfr";
    if (c >= 7 && c <= 13)
        str_printf(b, "\\%c", names[c - 7]);
    else
        str_printf(b, "\\%03o", c);
}

static void quote_shell(struct str *b, const char *s, size_t n, bool utf8)
{
    if (double_fits(s, n, utf8)) {
        str_putc(b, '"');
        str_add(b, s, n);
        str_putc(b, '"');
        return;
    }
    bool escaping = false;
    str_putc(b, '\'');
    for (size_t i = 0; i < n;) {
        size_t len = printable(s + i, n - i, utf8);
        if (!len) {
            if (!escaping)
                str_puts(b, "'$'");
            escaping = true;
            add_escape(b, (unsigned char)s[i++]);
            continue;
        }
        if (escaping && s[i] != '\'')
            str_puts(b, "''");
        escaping = false;
        if (s[i] == '\'')
            str_puts(b, "'\\''");
        else
            str_add(b, s + i, len);
        i += len;
    }
    str_putc(b, '\'');
}

void cmd_quote_add(struct str *b, const char *s, size_t n, bool always)
{
    if (always || needs_quotes(s, n, true, false))
        quote_shell(b, s, n, true);
    else
        str_add(b, s, n);
}

const char *cmd_quote(struct cmd_run *r, const char *name)
{
    struct str b;
    str_init(&b, r->arena);
    quote_shell(&b, name, strlen(name), cmd_utf8(r->p));
    return str_text(&b);
}

const char *cmd_quotef(struct cmd_run *r, const char *name)
{
    bool utf8 = cmd_utf8(r->p);
    if (!needs_quotes(name, strlen(name), utf8, true))
        return name;
    return cmd_quote(r, name);
}

const char *cmd_quotel(struct cmd_run *r, const char *name)
{
    bool utf8 = cmd_utf8(r->p);
    size_t n = strlen(name);
    struct str b;
    str_init(&b, r->arena);
    str_puts(&b, utf8 ? "\xe2\x80\x98" : "'");
    for (size_t i = 0; i < n;) {
        size_t len = printable(name + i, n - i, utf8);
        if (!len) {
            add_escape(&b, (unsigned char)name[i++]);
            continue;
        }
        if (name[i] == '\\' || (!utf8 && name[i] == '\''))
            str_putc(&b, '\\');
        str_add(&b, name + i, len);
        i += len;
    }
    str_puts(&b, utf8 ? "\xe2\x80\x99" : "'");
    return str_text(&b);
}
