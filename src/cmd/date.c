/* date.c -- date and touch: what time it is, and what time files have.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/cmd.h"
#include "cmd/when.h"

/* strftime with GNU's flags (-, _, 0, ^, #), widths, %N and %:z. */
static void put_format(struct cmd_run *r, const char *f, const struct tm *tm, struct timespec t)
{
    for (; *f; f++) {
        if (*f != '%' || !f[1]) {
            vf_putc(r->out, *f);
            continue;
        }
        const char *start = f++;
        char flag = 0, out[256];
        int width = 0, colons = 0;
        for (; *f && strchr("-_0^#", *f); f++)
            flag = *f;
        for (; *f >= '0' && *f <= '9'; f++)
            width = width < 1000 ? width * 10 + (*f - '0') : width;
        for (; *f == ':'; f++)
            colons++;
        for (; *f == 'E' || *f == 'O'; f++)
            ;
        if (!*f) {
            vf_puts(r->out, start);
            return;
        }
        size_t n = 0;
        if (*f == 'N') {
            n = (size_t)snprintf(out, sizeof(out), "%09ld", t.tv_nsec);
            if (width && width < 9)
                n = (size_t)width;
            width = 0;
            while (flag == '-' && n > 1 && out[n - 1] == '0')
                n--;
        } else if (*f == 's') {
            n = (size_t)snprintf(out, sizeof(out), "%ld", (long)t.tv_sec);
        } else if (*f == 'z' && colons) {
            long off = tm->tm_gmtoff, a = off < 0 ? -off : off;
            n = (size_t)snprintf(out, sizeof(out),
                                 colons > 1 ? "%c%02ld:%02ld:%02ld" : "%c%02ld:%02ld",
                                 off < 0 ? '-' : '+', a / 3600, a / 60 % 60, a % 60);
        } else if (strchr("aAbBcCdDeFgGhHIjklmMnpPqrRStTuUVwWxXyYzZ%", *f)) {
            if (*f == 'q')
                n = (size_t)snprintf(out, sizeof(out), "%d", tm->tm_mon / 3 + 1);
            else {
                char fmt[5] = {'%', flag ? flag : *f, flag ? *f : 0, 0, 0};
                n = strftime(out, sizeof(out), fmt, tm);
            }
        } else {
            vf_write(r->out, start, (size_t)(f - start + 1));
            continue;
        }
        for (int pad = width - (int)n; pad > 0; pad--)
            vf_putc(r->out, flag == '_' || strchr("aAbBhpPZ", *f) ? ' ' : '0');
        vf_write(r->out, out, n);
    }
}

static const char *iso_format(const char *spec)
{
    static const struct {
        const char *name, *format;
    } specs[] = {{"date", "%Y-%m-%d"},
                 {"hours", "%Y-%m-%dT%H%:z"},
                 {"minutes", "%Y-%m-%dT%H:%M%:z"},
                 {"seconds", "%Y-%m-%dT%H:%M:%S%:z"},
                 {"ns", "%Y-%m-%dT%H:%M:%S,%N%:z"}};
    for (size_t i = 0; i < 5; i++)
        if (!spec || str_starts(specs[i].name, spec))
            return specs[i].format;
    return NULL;
}

static void show(struct cmd_run *r, const struct tz *z, const char *format, struct timespec t)
{
    struct tm tm;
    tz_local(z, t.tv_sec, &tm);
    put_format(r, format, &tm, t);
    vf_putc(r->out, '\n');
}

static int date_run(struct cmd_run *r)
{
    const struct tz *z = tz_of(r->p, cmd_has(r, 'u') ? "UTC0" : NULL);
    struct timespec now = vm_now(r->p), t = now;
    const char *format = "%a %b %e %H:%M:%S %Z %Y", *d = cmd_arg(r, 'd'), *ref = cmd_arg(r, 'r');
    if (cmd_has(r, 'u'))
        z = tz_of(r->p, "UTC");
    if (cmd_has(r, 'R'))
        format = "%a, %d %b %Y %H:%M:%S %z";
    if (cmd_has(r, 'I') && !(format = iso_format(cmd_arg(r, 'I')))) {
        cmd_warn(r, "invalid argument %s for %s", cmd_quotel(r, cmd_arg(r, 'I')),
                 cmd_quotel(r, "--iso-8601"));
        return cmd_usage(r);
    }
    if (cmd_has(r, '\1'))
        format = *cmd_arg(r, '\1') == 'd'   ? "%Y-%m-%d"
                 : *cmd_arg(r, '\1') == 's' ? "%Y-%m-%d %H:%M:%S%:z"
                                            : "%Y-%m-%d %H:%M:%S.%N%:z";
    if (r->argc > 1)
        return cmd_extra(r, r->argv[1]);
    if (r->argc && r->argv[0][0] == '+') {
        format = r->argv[0] + 1;
    } else if (r->argc) {
        if (d || ref) {
            cmd_warn(r,
                     "the argument %s lacks a leading '+';\nwhen using an option to specify "
                     "date(s), any non-option\nargument must be a format string beginning with '+'",
                     cmd_quotel(r, r->argv[0]));
            return cmd_usage(r);
        }
        if (strspn(r->argv[0], "0123456789.") == strlen(r->argv[0]))
            cmd_warn_err(r, EPERM, "cannot set date");
        else
            cmd_warn(r, "invalid date %s", cmd_quotel(r, r->argv[0]));
        return 1;
    }
    struct vfs_stat st;
    if (ref) {
        int err = vm_stat(r->p, ref, &st);
        if (err < 0) {
            cmd_warn_err(r, err, "%s", cmd_quotef(r, ref));
            return 1;
        }
        t = st.mtime;
    }
    const char *set = cmd_arg(r, 's');
    if (set || d) {
        if (!when_parse(z, set ? set : d, now, &t)) {
            cmd_warn(r, "invalid date %s", cmd_quotel(r, set ? set : d));
            return 1;
        }
        if (set)
            cmd_warn_err(r, EPERM, "cannot set date");
    }
    show(r, z, format, t);
    return set != NULL;
}

static const char *const date_longs[] = {
    "date:=d",       "debug=\2",    "file:=f",   "iso-8601?=I", "reference:=r",
    "resolution=\3", "rfc-email=R", "rfc-822=R", "rfc-2822=R",  "rfc-3339:=\1",
    "set:=s",        "uct=u",       "utc=u",     "universal=u", NULL};

const struct cmd cmd_date = {
    .name = "date", .opts = "d:f:I::r:Rs:u", .longs = date_longs, .run = date_run};

/* --- touch ---------------------------------------------------------------------------- */

/* "[[CC]YY]MMDDhhmm[.ss]" */
static bool stamp(const struct tz *z, const char *s, struct timespec now, struct timespec *out)
{
    size_t n = strspn(s, "0123456789");
    struct tm tm;
    int v[6] = {0};
    tz_local(z, now.tv_sec, &tm);
    if ((n != 8 && n != 10 && n != 12) || (s[n] && (s[n] != '.' || strlen(s + n) != 3)))
        return false;
    for (size_t i = 0; i < n / 2; i++)
        v[i] = (s[2 * i] - '0') * 10 + s[2 * i + 1] - '0';
    int *f = v;
    if (n == 12) {
        tm.tm_year = v[0] * 100 + v[1] - 1900;
        f = v + 2;
    } else if (n == 10) {
        tm.tm_year = v[0] < 69 ? v[0] + 100 : v[0];
        f = v + 1;
    }
    tm.tm_mon = f[0] - 1;
    tm.tm_mday = f[1];
    tm.tm_hour = f[2];
    tm.tm_min = f[3];
    tm.tm_sec = s[n] ? (s[n + 1] - '0') * 10 + s[n + 2] - '0' : 0;
    tm.tm_isdst = -1;
    if (f[0] < 1 || f[0] > 12 || f[1] < 1 || f[1] > 31 || f[2] > 23 || f[3] > 59 || tm.tm_sec > 60)
        return false;
    out->tv_sec = tz_make(z, &tm);
    out->tv_nsec = 0;
    return true;
}

static int touch_one(struct cmd_run *r, const char *name, const struct timespec t[2], bool now)
{
    bool link = cmd_has(r, 'h');
    int err = vm_utimens(r->p, name, now ? NULL : t, !link);
    if (err == -ENOENT && !cmd_has(r, 'c') && !link) {
        int fd = vm_open(r->p, name, O_WRONLY | O_CREAT | O_NONBLOCK | O_NOCTTY, 0666);
        if (fd < 0) {
            cmd_warn_err(r, fd, "cannot touch %s", cmd_quote(r, name));
            return 1;
        }
        vm_close(r->p, fd);
        err = now ? 0 : vm_utimens(r->p, name, t, true);
    }
    if (err == -ENOENT && cmd_has(r, 'c'))
        return 0;
    if (err < 0)
        cmd_warn_err(r, err, link && err == -ENOENT ? "setting times of %s" : "cannot touch %s",
                     cmd_quote(r, name));
    return err < 0;
}

static int touch_run(struct cmd_run *r)
{
    const struct tz *z = tz_of(r->p, NULL);
    struct timespec now = vm_now(r->p), t[2] = {now, now};
    const char *d = cmd_arg(r, 'd'), *ref = cmd_arg(r, 'r'), *s = cmd_arg(r, 't');
    const char *which = cmd_arg(r, '\1');
    bool only_a = cmd_has(r, 'a') || (which && strchr("au", *which)),
         only_m = cmd_has(r, 'm') || (which && *which == 'm');
    struct vfs_stat st;
    if (s && (d || ref)) {
        cmd_warn(r, "cannot specify times from more than one source");
        return cmd_usage(r);
    }
    if (ref) {
        int err = vm_stat(r->p, ref, &st);
        if (err < 0) {
            cmd_warn_err(r, err, "failed to get attributes of %s", cmd_quote(r, ref));
            return 1;
        }
        t[0] = st.atime;
        t[1] = st.mtime;
    }
    if (d) {
        for (int i = 0; i < 2; i++)
            if (!when_parse(z, d, ref ? t[i] : now, &t[i])) {
                cmd_warn(r, "invalid date format %s", cmd_quotel(r, d));
                return 1;
            }
    }
    if (s) {
        if (!stamp(z, s, now, &t[0])) {
            cmd_warn(r, "invalid date format %s", cmd_quotel(r, s));
            return 1;
        }
        t[1] = t[0];
    }
    bool is_now = !d && !ref && !s;
    if (only_a != only_m) {
        struct timespec cur = {0, UTIME_NOW};
        if (is_now)
            t[0] = t[1] = cur;
        t[only_a].tv_nsec = UTIME_OMIT;
        is_now = false;
    }
    if (!r->argc) {
        cmd_warn(r, "missing file operand");
        return cmd_usage(r);
    }
    int status = 0;
    for (char **a = r->argv; *a; a++)
        status |= strcmp(*a, "-") ? touch_one(r, *a, t, is_now) : 0;
    return status;
}

static const char *const touch_longs[] = {"time:=\1",     "no-create=c",      "date:=d",
                                          "reference:=r", "no-dereference=h", NULL};

const struct cmd cmd_touch = {
    .name = "touch", .opts = "acd:fhmr:t:", .longs = touch_longs, .run = touch_run};
