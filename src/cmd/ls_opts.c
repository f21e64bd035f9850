/* ls_opts.c -- the options of ls, and the words that some of them take.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "cmd/ls_priv.h"

/* --WORD=ARG with a list of words: its letter, or 0 after a message. */
static int choose(struct cmd_run *r, const char *option, const char *arg, const char *const *words,
                  const char *letters)
{
    size_t n = strlen(arg);
    int found = 0;
    for (size_t i = 0; words[i]; i++) {
        if (!strcmp(words[i], arg))
            return letters[i];
        if (n && !strncmp(words[i], arg, n)) {
            if (found && found != letters[i])
                found = -1;
            else if (!found)
                found = letters[i];
        }
    }
    if (found > 0)
        return found;
    cmd_warn(r, "%s argument %s for %s", found < 0 ? "ambiguous" : "invalid", cmd_quotel(r, arg),
             cmd_quotel(r, option));
    struct str b;
    str_init(&b, r->arena);
    str_puts(&b, "Valid arguments are:\n");
    for (size_t i = 0; words[i]; i++) {
        bool same = i && letters[i] == letters[i - 1];
        str_printf(&b, "%s%s", same ? ", " : i ? "\n  - " : "  - ", cmd_quotel(r, words[i]));
    }
    str_putc(&b, '\n');
    vf_write(r->err, str_text(&b), b.n);
    return 0;
}

static bool set_word(struct ls *l, int option, const char *arg)
{
    static const char *const whens[] = {"always", "yes",  "force", "never",  "no",
                                        "none",   "auto", "tty",   "if-tty", NULL};
    static const char *const sorts[] = {"none",    "time",  "size", "extension",
                                        "version", "width", NULL};
    static const char *const times[] = {"atime", "access",       "use",   "ctime",    "status",
                                        "mtime", "modification", "birth", "creation", NULL};
    static const char *const formats[] = {"verbose", "long",     "commas",        "horizontal",
                                          "across",  "vertical", "single-column", NULL};
    static const char *const quotes[] = {
        "literal", "shell",   "shell-always", "shell-escape", "shell-escape-always",
        "c",       "c-maybe", "escape",       "locale",       "clocale",
        NULL};
    static const char *const marks[] = {"none", "slash", "file-type", "classify", NULL};
    struct cmd_run *r = l->r;
    int v;
    switch (option) {
    case '\1': /* --color */
    case '\7': /* --classify */
        v = arg ? choose(r, option == '\1' ? "--color" : "--classify", arg, whens, "yyynnnaaa")
                : 'y';
        if (option == '\1')
            l->colour = v == 'y' || (v == 'a' && vm_isatty(r->p, 1));
        else if (v == 'y' || (v == 'a' && vm_isatty(r->p, 1)))
            l->classify = 'F';
        return v;
    case '\2':
        v = choose(r, "--sort", arg, sorts, "UtSXvW");
        l->sort = v;
        return v;
    case '\3':
        v = choose(r, "--time", arg, times, "aaaccmmbb");
        l->time = v;
        return v;
    case '\4':
        v = choose(r, "--format", arg, formats, "llmxxC1");
        l->format = v == 'l'   ? LS_LONG
                    : v == 'm' ? LS_COMMAS
                    : v == 'x' ? LS_ROWS
                    : v == 'C' ? LS_COLUMNS
                               : LS_ONE;
        return v;
    case '\5':
        v = choose(r, "--quoting-style", arg, quotes, "lsSsSccecc");
        l->quote = v;
        return v;
    case '\6':
        v = choose(r, "--indicator-style", arg, marks, "nptF");
        l->classify = v == 'n' ? 0 : (unsigned)v;
        return v;
    default:
        return true;
    }
}

static bool set_style(struct ls *l, const char *arg)
{
    static const char *const styles[] = {"full-iso", "long-iso", "iso", "locale", NULL};
    if (str_starts(arg, "posix-"))
        arg += 6;
    if (*arg == '+') {
        l->style = '+';
        l->time_format = arg + 1;
        return true;
    }
    for (size_t i = 0; styles[i]; i++)
        if (!strcmp(styles[i], arg)) {
            l->style = "fli\0"[i];
            return true;
        }
    cmd_warn(l->r, "invalid argument %s for %s", cmd_quotel(l->r, arg),
             cmd_quotel(l->r, "time style"));
    vf_puts(l->r->err, "Valid arguments are:\n  - [posix-]full-iso\n  - [posix-]long-iso\n"
                       "  - [posix-]iso\n  - [posix-]locale\n  - +FORMAT (e.g., +%H:%M) for a "
                       "'date'-style format\n");
    return false;
}

/* long: one switch over the options */
bool ls_set_option(struct ls *l, int o, const char *arg)
{
    uint64_t n;
    switch (o) {
    case 'a':
        l->all = true;
        break;
    case 'A':
        l->almost = true;
        l->all = false;
        break;
    case 'B':
        l->backups = true;
        break;
    case 'b':
        l->quote = 'e';
        break;
    case 'C':
        l->format = LS_COLUMNS;
        break;
    case 'c':
        l->time = 'c';
        break;
    case 'd':
        l->directory = true;
        break;
    case 'F':
        l->classify = 'F';
        break;
    case 'f':
        l->all = true;
        l->sort = 'U';
        l->colour = false;
        l->blocks = false;
        if (l->format == LS_LONG)
            l->format = vm_isatty(l->r->p, 1) ? LS_COLUMNS : LS_ONE;
        break;
    case 'G':
        l->no_group = true;
        break;
    case 'g':
        l->format = LS_LONG;
        l->no_owner = true;
        break;
    case 'H':
        l->follow_args = true;
        break;
    case 'h':
        l->human = true;
        l->si = false;
        break;
    case '\x11':
        l->human = l->si = true;
        break;
    case 'I':
        l->ignore = arg;
        break;
    case '\x12':
        l->hide = arg;
        break;
    case 'i':
        l->inode = true;
        break;
    case 'k':
        l->block_size = 1024;
        break;
    case 'L':
        l->follow = true;
        break;
    case 'l':
        l->format = LS_LONG;
        break;
    case 'm':
        l->format = LS_COMMAS;
        break;
    case 'N':
        l->quote = 'l';
        break;
    case 'n':
        l->numeric = true;
        l->format = LS_LONG;
        break;
    case 'o':
        l->format = LS_LONG;
        l->no_group = true;
        break;
    case 'p':
        l->classify = 'p';
        break;
    case 'Q':
        l->quote = 'c';
        break;
    case 'q':
        l->hide_control = true;
        break;
    case 'R':
        l->recursive = true;
        break;
    case 'r':
        l->reverse = true;
        break;
    case 'S':
        l->sort = 'S';
        break;
    case 's':
        l->blocks = true;
        break;
    case 't':
        l->sort = 't';
        break;
    case 'U':
        l->sort = 'U';
        break;
    case 'u':
        l->time = 'a';
        break;
    case 'v':
        l->sort = 'v';
        break;
    case 'w':
        if (cmd_number(arg, "", &n)) {
            cmd_warn(l->r, "invalid line width: %s", cmd_quotel(l->r, arg));
            return false;
        }
        l->width = n;
        break;
    case 'X':
        l->sort = 'X';
        break;
    case 'x':
        l->format = LS_ROWS;
        break;
    case '1':
        if (l->format != LS_LONG)
            l->format = LS_ONE;
        break;
    case '\x13':
        l->format = LS_LONG;
        l->style = 'f';
        break;
    case '\x14':
        return set_style(l, arg);
    case '\x15':
        l->classify = 't';
        break;
    case '\x16':
        l->dirs_first = true;
        break;
    case '\x17':
        l->zero = true;
        l->format = l->format == LS_LONG ? LS_LONG : LS_ONE;
        l->quote = 'l';
        l->colour = false;
        break;
    case '\x18':
        l->hide_control = false;
        break;
    case '\x19':
        l->author = true;
        break;
    case '\x1a':
        if (!strcmp(arg, "human-readable"))
            l->human = true;
        else if (cmd_number(arg, "bkKmMgGTPEZY0", &n) || !n) {
            cmd_warn(l->r, "invalid --block-size argument %s", cmd_quotel(l->r, arg));
            return false;
        } else
            l->block_size = l->size_unit = n;
        break;
    default:
        if (o && o < 8)
            return set_word(l, o, arg);
    }
    return true;
}
