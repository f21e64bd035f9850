/* tool.c -- what the subcommands of the store share.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "store/tool.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "event/event.h"

int tool_options(int argc, char **argv, const struct tool_opt *opts, const char *usage)
{
    int left = 0;

    for (int i = 1; i < argc; i++) {
        const struct tool_opt *o = opts;
        if (strcmp(argv[i], "--help") == 0) {
            printf("usage: qrassh %s %s", argv[0], usage);
            return -2;
        }
        if (argv[i][0] != '-' || !argv[i][1]) {
            argv[left++] = argv[i];
            continue;
        }
        while (o->name && strcmp(o->name, argv[i]) != 0)
            o++;
        if (!o->name || (o->value && i + 1 >= argc)) {
            fprintf(stderr, "qrassh %s: %s\nusage: qrassh %s %s", argv[0],
                    o->name ? "an option lacks its value" : "unknown option", argv[0], usage);
            return -1;
        }
        if (o->value)
            *o->value = argv[++i];
        else
            *o->flag = true;
    }
    return left;
}

const char *tool_state(const char *given)
{
    const char *env = getenv("QRASSH_STATE_DIR");

    if (given)
        return given;
    if (env && *env)
        return env;
    return access("state/qrassh.db", F_OK) == 0 ? "state" : "/var/lib/qrassh";
}

sqlite3 *tool_open(const char *state)
{
    char path[4352];
    sqlite3 *db = NULL;

    if (!str_fmt(path, sizeof path, "%s/qrassh.db", state))
        return NULL;
    if (access(path, R_OK) < 0) {
        fprintf(stderr, "qrassh: there is no store at %s (name its folder with --state)\n", path);
        return NULL;
    }
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
        sqlite3_busy_timeout(db, 5000) != SQLITE_OK) {
        fprintf(stderr, "qrassh: %s: %s\n", path, sqlite3_errmsg(db));
        sqlite3_close(db);
        return NULL;
    }
    return db;
}

int tool_span(const char *text, int64_t *us)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
    char digits[16];
    size_t n = strlen(text);
    int64_t v;

    if (n < 2 || n >= sizeof digits)
        return ERR_FORMAT;
    memcpy(digits, text, n - 1);
    digits[n - 1] = '\0';
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (units[i].unit == text[n - 1] && str_int(digits, 0, 1000000, &v) == 0) {
            *us = v * units[i].seconds * 1000000;
            return 0;
        }
    return ERR_FORMAT;
}

int tool_since(const char *text, int64_t now_us, char out[32])
{
    size_t n = strlen(text);
    int64_t span;

    if (n >= 10 && n < 32 && text[4] == '-' && text[7] == '-') {
        (void)str_copy(out, 32, text);
        return strspn(out, "0123456789-:.TZ") == n ? 0 : ERR_FORMAT;
    }
    if (tool_span(text, &span))
        return ERR_FORMAT;
    event_time(out, now_us > span ? now_us - span : 0);
    return 0;
}

void tool_print_safe(FILE *out, const char *text, size_t n)
{
    while (n) {
        uint32_t rune;
        size_t len = utf8_decode(text, n, &rune);
        if (!len || rune < 0x20 || (rune >= 0x7f && rune < 0xa0)) {
            fprintf(out, "\\x%02x", (unsigned char)*text);
            len = 1;
        } else {
            fwrite(text, 1, len, out);
        }
        text += len;
        n -= len;
    }
}

/* --- the filter --------------------------------------------------------------------- */

enum { PLAIN, ESCAPE, CSI, STRING, STRING_ESCAPE, C1_LEAD, CHARSET };

static void hold(struct tool_filter *f, char c)
{
    if (f->n < sizeof f->held)
        f->held[f->n++] = c;
}

static void release(struct tool_filter *f, FILE *out, bool keep)
{
    if (keep)
        fwrite(f->held, 1, f->n, out);
    f->n = 0;
    f->state = PLAIN;
}

static void escape(struct tool_filter *f, FILE *out, char c)
{
    hold(f, c);
    if (c == '[')
        f->state = CSI;
    else if (strchr("]P^_X", c))
        f->state = STRING;
    else if (strchr("()*+#% ", c))
        f->state = CHARSET;
    else
        release(f, out, c != 'Z'); /* ESC Z asks who the terminal is */
}

static void csi(struct tool_filter *f, FILE *out, char c)
{
    hold(f, c);
    if ((unsigned char)c < 0x20 || (unsigned char)c > 0x7e || f->n >= sizeof f->held)
        release(f, out, false);
    else if (c >= 0x40)
        release(f, out, !strchr("cnpqtx", c)); /* reports, keys, windows */
}

static void plain(struct tool_filter *f, FILE *out, char c)
{
    if (c == 0x1b || (unsigned char)c == 0xc2) {
        hold(f, c);
        f->state = c == 0x1b ? ESCAPE : C1_LEAD;
    } else if (c != 0x05) { /* ENQ asks for an answerback */
        putc(c, out);
    }
}

void tool_filter(struct tool_filter *f, FILE *out, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = p[i];
        switch (f->state) {
        case ESCAPE:
            escape(f, out, c);
            break;
        case CSI:
            csi(f, out, c);
            break;
        case CHARSET:
            hold(f, c);
            release(f, out, (unsigned char)c >= 0x20 && (unsigned char)c < 0x7f);
            break;
        case STRING:
            if (c == 0x1b)
                f->state = STRING_ESCAPE;
            else if (c == 0x07)
                release(f, out, false);
            break;
        case STRING_ESCAPE:
            if (c == '\\')
                release(f, out, false);
            else
                f->state = STRING;
            break;
        case C1_LEAD: /* U+0080 to U+009F are controls of eight bits */
            hold(f, c);
            release(f, out, (unsigned char)c >= 0xa0);
            break;
        default:
            plain(f, out, c);
        }
    }
}
