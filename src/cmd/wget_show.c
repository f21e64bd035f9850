/* wget_show.c -- wget's progress: the bar of terminals, the dots of files, and
 * the numbers in both.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "cmd/sys.h"
#include "cmd/wget.h"

enum { DOT = 1024, DOTS = 50, GROUP = 10 };

const char *wget_size(struct wget *w, int64_t n, int accuracy, int decimals)
{
    static const char powers[] = "KMGTPE";
    if (n < 1024)
        return vm_asprintf(w->r->p, "%lld", (long long)n);
    int i = 0;
    for (; n / 1024 >= 1024 && powers[i + 1]; i++)
        n /= 1024;
    double v = (double)n / 1024;
    return vm_asprintf(w->r->p, "%.*f%c", v < accuracy ? decimals : 0, v, powers[i]);
}

static double rate_of(int64_t bytes, int64_t us, int *unit)
{
    double rate = (double)bytes * 1e6 / (double)(us > 0 ? us : 1);
    for (*unit = 0; rate >= 1024 && *unit < 3; ++*unit)
        rate /= 1024;
    return rate;
}

static int rate_digits(double rate)
{
    return rate >= 99.95 ? 0 : rate >= 9.995 ? 1 : 2;
}

const char *wget_rate(struct wget *w, int64_t bytes, int64_t us)
{
    static const char *const units[] = {"B/s", "KB/s", "MB/s", "GB/s"};
    int unit;
    double rate = rate_of(bytes, us, &unit);
    return vm_asprintf(w->r->p, "%.*f %s", rate_digits(rate), rate, units[unit]);
}

const char *wget_seconds(struct wget *w, int64_t us)
{
    double s = (double)us / 1e6;
    if (s >= 9.95)
        return vm_asprintf(w->r->p, "%.0f", s);
    if (s >= 0.95)
        return vm_asprintf(w->r->p, "%.1f", s);
    if (s >= 0.001)
        return vm_asprintf(w->r->p, "%.1g", s);
    return s >= 0.0005 ? "0.001" : "0";
}

static const char *span_text(struct wget *w, int64_t s, bool tight)
{
    const char *gap = tight ? "" : " ";
    long long n = s;
    if (n < 100)
        return vm_asprintf(w->r->p, "%llds", n);
    if (n < 6000)
        return vm_asprintf(w->r->p, "%lldm%s%llds", n / 60, gap, n % 60);
    if (n < 48 * 3600)
        return vm_asprintf(w->r->p, "%lldh%s%lldm", n / 3600, gap, n / 60 % 60);
    return vm_asprintf(w->r->p, "%lldd%s%lldh", n / 86400, gap, n / 3600 % 24);
}

static const char *spent_text(struct wget *w, int64_t us, bool tight)
{
    return us >= 10000000 ? span_text(w, us / 1000000, tight)
                          : vm_asprintf(w->r->p, "%ss", wget_seconds(w, us));
}

static void bar_body(struct str *b, struct job *j, int width, int64_t us)
{
    int64_t all = j->have + j->got;
    if (j->total > 0) {
        int percent = (int)(100 * all / j->total);
        int filled = (int)((double)all / (double)j->total * width);
        str_printf(b, "%3d%%[", percent > 100 ? 100 : percent);
        for (int i = 0; i < width; i++)
            str_putc(b, i + 1 < filled ? '=' : i + 1 == filled ? '>' : ' ');
    } else {
        int at = (int)(us / 200000 % (2 * (width - 3)));
        at = at < width - 3 ? at : 2 * (width - 3) - at;
        str_puts(b, "    [");
        for (int i = 0; i < width; i++)
            str_putc(b, i == at ? '<' : i == at + 1 ? '=' : i == at + 2 ? '>' : ' ');
    }
    str_putc(b, ']');
}

void wget_bar(struct job *j, bool done)
{
    static const char *const units[] = {" B/s", "KB/s", "MB/s", "GB/s"};
    struct wget *w = j->w;
    int width = sys_columns(w->r), unit;
    width = (width < 45 ? 80 : width) - 1;
    int64_t us = vm_mono_us(w->r->p) - j->start_us, all = j->have + j->got;
    int name_w = width / 4, bar_w = width - (name_w + 1 + 4 + 2 + 8 + 10 + 15);
    struct str b;
    str_init(&b, w->r->arena);
    str_printf(&b, "%-*.*s ", name_w, name_w, cmd_base(j->file));
    bar_body(&b, j, bar_w, us);
    str_printf(&b, " %7s", wget_size(w, all, 1000, 2));
    double rate = rate_of(j->got, us, &unit);
    if (us > 200000 || (done && j->got > 65536))
        str_printf(&b, "  %4.*f%s", rate_digits(rate), rate, units[unit]);
    else
        str_puts(&b, "  --.-KB/s");
    const char *end = "";
    if (done)
        end = vm_asprintf(w->r->p, "    in %s", spent_text(w, us, false));
    else if (j->total > 0 && us > 3000000 && j->got)
        end = vm_asprintf(w->r->p, "    eta %s",
                          span_text(w, us / j->got * (j->total - all) / 1000000, false));
    str_printf(&b, "%-15s", end);
    vf_printf(w->log, "\r%s", str_text(&b));
    str_release(&b);
}

static void dots_stats(struct job *j, int64_t now, bool last)
{
    static const char units[] = " KMGT";
    struct wget *w = j->w;
    int64_t shown = j->have + (last ? j->got : j->rows * DOT * DOTS);
    int64_t row = last ? j->dots * DOT + j->partial : DOT * DOTS;
    int unit;
    if (j->total > 0)
        wget_say(w, "%3d%%", (int)(100 * shown / j->total));
    double rate = rate_of(row, now - j->row_us, &unit);
    wget_say(w, " %4.*f%c", rate_digits(rate), rate, units[unit]);
    j->row_us = now;
    int64_t spent = now - j->start_us;
    if (last)
        wget_say(w, "=%s", spent_text(w, spent, true));
    else if (j->total > 0 && shown)
        wget_say(w, " %s",
                 span_text(
                     w, (int64_t)((double)spent / 1e6 * (double)(j->total - shown) / (double)shown),
                     true));
}

static void dots_row(struct job *j)
{
    wget_say(j->w, "\n%6lldK", (long long)j->rows * DOTS * DOT / 1024);
}

void wget_dots(struct job *j, int64_t n, int64_t now)
{
    for (j->partial += n; j->partial >= DOT; j->partial -= DOT) {
        if (j->dots == 0)
            dots_row(j);
        wget_say(j->w, j->dots % GROUP ? "." : " .");
        if (++j->dots >= DOTS) {
            j->rows++;
            j->dots = 0;
            dots_stats(j, now, false);
        }
    }
}

void wget_dots_end(struct job *j, int64_t now)
{
    if (j->dots == 0)
        dots_row(j);
    for (int64_t i = j->dots; i < DOTS; i++)
        wget_say(j->w, i % GROUP ? " " : "  ");
    dots_stats(j, now, true);
    wget_say(j->w, "\n\n");
}
