/* prompt.c -- PS1 and its escapes; ${x@P}.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>
#include <time.h>

#include "shell/builtin.h"
#include "shell/hist.h"
#include "shell/users.h"

static void put_cwd(struct shell *sh, struct str *out, bool base)
{
    const char *pwd = var_get(sh, "PWD"), *home = var_get(sh, "HOME");
    if (!pwd)
        pwd = "";
    size_t n = home ? strlen(home) : 0;
    bool under = n > 0 && strncmp(pwd, home, n) == 0 && (pwd[n] == 0 || pwd[n] == '/') &&
                 strcmp(home, "/") != 0;
    if (base) {
        const char *slash = strrchr(pwd, '/');
        if (under && !pwd[n])
            str_putc(out, '~');
        else
            str_puts(out, slash && slash[1] ? slash + 1 : pwd);
        return;
    }
    if (under) {
        str_putc(out, '~');
        pwd += n;
    }
    str_puts(out, pwd);
}

static void put_time(struct shell *sh, struct str *out, const char *format)
{
    struct timespec now = vm_now(sh->p);
    struct tm tm;
    char text[128];
    gmtime_r(&now.tv_sec, &tm);
    if (strftime(text, sizeof text, format, &tm))
        str_puts(out, text);
}

/* long: one switch over the escapes */
static const char *put_escape(struct shell *sh, struct str *out, const char *s)
{
    int c = *s++;
    switch (c) {
    case 'a':
        str_putc(out, 7);
        break;
    case 'e':
        str_putc(out, 27);
        break;
    case 'n':
        str_puts(out, sh->interactive ? "\r\n" : "\n");
        break;
    case 'r':
        str_putc(out, '\r');
        break;
    case 'd':
        put_time(sh, out, "%a %b %d");
        break;
    case 't':
        put_time(sh, out, "%H:%M:%S");
        break;
    case 'T':
        put_time(sh, out, "%I:%M:%S");
        break;
    case '@':
        put_time(sh, out, "%I:%M %p");
        break;
    case 'A':
        put_time(sh, out, "%H:%M");
        break;
    case 'D': {
        const char *end = *s == '{' ? strchr(s, '}') : NULL;
        if (end) {
            put_time(sh, out,
                     end > s + 1 ? sh_tmp_strndup(sh, s + 1, (size_t)(end - s - 1)) : "%X");
            s = end + 1;
        }
        break;
    }
    case 'h': {
        const char *h = vm_hostname(sh->p);
        str_add(out, h, strcspn(h, "."));
        break;
    }
    case 'H':
        str_puts(out, vm_hostname(sh->p));
        break;
    case 'j': {
        int n = 0;
        for (struct job *j = sh->jobs; j; j = j->next)
            n++;
        str_printf(out, "%d", n);
        break;
    }
    case 'l': {
        char tty[64] = "tty";
        if (vm_ttyname(sh->p, 0, tty, sizeof tty) >= 0) {
            const char *slash = strrchr(tty, '/');
            str_puts(out, slash ? slash + 1 : tty);
        } else {
            str_puts(out, "tty");
        }
        break;
    }
    case 's': {
        const char *slash = strrchr(sh->dollar0, '/');
        str_puts(out, slash ? slash + 1 : sh->dollar0);
        break;
    }
    case 'u': {
        const char *u = users_name(sh, vm_geteuid(sh->p));
        str_puts(out, u ? u : "I have no name!");
        break;
    }
    case 'v':
        str_puts(out, "5.2");
        break;
    case 'V':
        str_puts(out, "5.2.15");
        break;
    case 'w':
        put_cwd(sh, out, false);
        break;
    case 'W':
        put_cwd(sh, out, true);
        break;
    case '!':
        str_printf(out, "%d", hist_count(sh) + 1);
        break;
    case '#':
        str_printf(out, "%d", sh->exec_count + 1);
        break;
    case '$':
        str_puts(out, vm_geteuid(sh->p) == 0 ? "#" : "\\$");
        break;
    case '[':
        str_putc(out, 1);
        break;
    case ']':
        str_putc(out, 2);
        break;
    case '\\':
        str_puts(out, "\\\\");
        break;
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7': {
        int v = c - '0', k = 1;
        while (k < 3 && *s >= '0' && *s <= '7') {
            v = v * 8 + (*s++ - '0');
            k++;
        }
        str_putc(out, v & 255);
        break;
    }
    default:
        str_putc(out, '\\');
        if (c)
            str_putc(out, c);
        else
            s--;
    }
    return s;
}

char *prompt_expand(struct shell *sh, const char *text)
{
    struct str out;
    str_init(&out, sh->tmp);
    for (const char *s = text; *s;) {
        if (*s == '\\')
            s = put_escape(sh, &out, s + 1);
        else
            str_putc(&out, *s++);
    }
    char *t = out.s ? out.s : sh_tmp_strdup(sh, "");
    if (!sh->shopt[SHOPT_PROMPTVARS])
        return t;
    /* file names in \w may hold $ and `: they are not expanded in ours */
    int status = sh->status, cmdsub = sh->cmdsub_status;
    t = expand_text(sh, t);
    sh->status = status;
    sh->cmdsub_status = cmdsub;
    return sh_tmp_strdup(sh, t);
}
