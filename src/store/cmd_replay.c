/* cmd_replay.c -- `qrassh replay` and `qrassh export-tty`: records of terminals
 * shown again, with the action taken on each command.
 *
 * What an attacker wrote is filtered on its way to the operator's terminal.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "store/store_cmd.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "store/cast.h"
#include "store/tool.h"

enum { FOUND_MAX = 64, NAME = 80 };

static const char replay_usage[] =
    "ID [--speed N] [--idle-limit SECONDS] [--no-wait] [--step] [--state DIR]\n\n"
    "Plays what an attacker saw, and the action taken on each command. ID is a\n"
    "session's id or its beginning. Pauses last at most --idle-limit (2 s); --step\n"
    "waits for Enter at each command; --no-wait shows everything at once.\n";
static const char export_usage[] =
    "ID [--output FILE] [--actions] [--state DIR]\n\n"
    "Writes a record in the format of User Mode Linux, which the players of Kippo\n"
    "and Cowrie read; --actions puts the action on each command into it.\n";

/* --- finding records -------------------------------------------------------------- */

struct found {
    char names[FOUND_MAX][NAME];
    int n;
};

static int by_name(const void *a, const void *b)
{
    size_t la = strlen(a), lb = strlen(b);

    return la != lb ? (la < lb ? -1 : 1) : strcmp(a, b);
}

/* All records of the one session whose id begins like this; 0 and a message if
 * there is none or more than one. */
static int find(const char *state, const char *id, struct found *f)
{
    char dir[4200];
    DIR *d;

    f->n = 0;
    if (!str_fmt(dir, sizeof dir, "%s/tty", state) || !(d = opendir(dir))) {
        fprintf(stderr, "qrassh: there are no records below %s\n", state);
        return 0;
    }
    for (struct dirent *e; (e = readdir(d));)
        if (str_starts(e->d_name, id) && str_ends(e->d_name, ".cast") && strlen(e->d_name) < NAME &&
            f->n < FOUND_MAX)
            (void)str_copy(f->names[f->n++], NAME, e->d_name);
    closedir(d);
    qsort(f->names, (size_t)f->n, NAME, by_name);
    for (int i = 1; i < f->n; i++)
        if (strncmp(f->names[i], f->names[0], 12) != 0) {
            fprintf(stderr, "qrassh: more than one session begins with '%s': %.12s, %.12s ...\n",
                    id, f->names[0], f->names[i]);
            return 0;
        }
    if (!f->n)
        fprintf(stderr, "qrassh: there is no record of a session '%s'\n", id);
    return f->n;
}

static int load(const char *state, const char *name, struct buf *b)
{
    char path[4352];
    int err = ERR_RANGE;

    buf_init(b, CAST_READ_MAX);
    if (str_fmt(path, sizeof path, "%s/tty/%s", state, name))
        err = file_read(path, b);
    if (err)
        fprintf(stderr, "qrassh: %s: %s\n", name, err_text(err));
    return err;
}

/* The action that a marker's text begins with: its terminal colour, else 0. */
static int marker_colour(const char *text)
{
    static const struct {
        const char *action;
        int colour;
    } actions[] = {{"allow", 32}, {"delay", 34}, {"fake", 33}, {"insult", 35}, {"block", 31}};

    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        if (strncasecmp(text, actions[i].action, strlen(actions[i].action)) == 0)
            return actions[i].colour;
    return 0;
}

/* --- replay --------------------------------------------------------------------------- */

struct player {
    double speed, idle, at; /* at: seconds of the record already played */
    bool no_wait, step;
    struct tool_filter filter;
};

static void pause_until(struct player *p, double t)
{
    double wait = t > p->at ? t - p->at : 0;

    p->at = t > p->at ? t : p->at;
    if (p->no_wait)
        return;
    wait = (wait < p->idle ? wait : p->idle) / p->speed;
    struct timespec ts = {.tv_sec = (time_t)wait,
                          .tv_nsec = (long)((wait - (double)(time_t)wait) * 1e9)};
    fflush(stdout);
    nanosleep(&ts, NULL);
}

static void show_marker(struct player *p, const struct cast_line *l)
{
    int colour = marker_colour(l->text);

    printf("\033[0;1;%dm[", colour ? colour : 36);
    tool_print_safe(stdout, l->text, l->n);
    printf("]\033[0m\r\n");
    fflush(stdout);
    if (p->step)
        for (int c; (c = getchar()) != '\n' && c != EOF;)
            ;
}

static int play_line(void *ctx, const struct cast_line *l)
{
    struct player *p = ctx;

    if (l->kind == 'o' || l->kind == 'm')
        pause_until(p, l->t);
    if (l->kind == 'o')
        tool_filter(&p->filter, stdout, l->text, l->n);
    else if (l->kind == 'm')
        show_marker(p, l);
    return 0;
}

static int play(const char *state, const char *name, const struct player *like)
{
    struct player p = *like;
    struct cast_header h;
    struct buf b;
    int err = load(state, name, &b);

    if (!err) {
        const char *text = (const char *)buf_ptr(&b);
        printf("\033[0;7m %.*s \033[0m\r\n", (int)strcspn(name, "."), name);
        err = cast_read(text, buf_len(&b), &h, play_line, &p);
        printf("\033[0m\r\n");
        if (err)
            fprintf(stderr, "qrassh: %s is no record\n", name);
    }
    buf_done(&b);
    return err;
}

int store_cmd_replay(int argc, char **argv)
{
    const char *speed = "1", *idle = "2", *state = NULL;
    struct player p = {0};
    const struct tool_opt opts[] = {{"--speed", &speed, NULL}, {"--idle-limit", &idle, NULL},
                                    {"--state", &state, NULL}, {"--no-wait", NULL, &p.no_wait},
                                    {"--step", NULL, &p.step}, {0}};
    static struct found f;
    int left = tool_options(argc, argv, opts, replay_usage), status = 0;

    if (left < 0)
        return left == -2 ? 0 : 2;
    if (left != 1 || str_double(speed, 0.01, 1000, &p.speed) ||
        str_double(idle, 0, 86400, &p.idle)) {
        fprintf(stderr, "usage: qrassh replay %s", replay_usage);
        return 2;
    }
    p.step &= isatty(0) == 1;
    if (!find(tool_state(state), argv[0], &f))
        return 1;
    for (int i = 0; i < f.n; i++)
        status |= play(tool_state(state), f.names[i], &p) != 0;
    return status;
}

/* --- export ------------------------------------------------------------------------------ */

enum uml_op { UML_OPEN = 1, UML_CLOSE, UML_WRITE };
enum uml_direction { UML_INPUT = 1, UML_OUTPUT };

struct exporter {
    FILE *out;
    int64_t start_us;
    double last;
    bool actions;
};

static void put32(unsigned char *at, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(v >> (8 * i));
}

static void put_record(struct exporter *x, int op, int direction, double t, struct event_str text)
{
    int64_t us = x->start_us + (int64_t)(t * 1e6);
    unsigned char head[24] = {0};

    put32(head, (uint32_t)op);
    put32(head + 8, (uint32_t)text.n);
    put32(head + 12, (uint32_t)direction);
    put32(head + 16, (uint32_t)(us / 1000000));
    put32(head + 20, (uint32_t)(us % 1000000));
    fwrite(head, 1, sizeof head, x->out);
    fwrite(text.p, 1, text.n, x->out);
}

static int export_line(void *ctx, const struct cast_line *l)
{
    struct exporter *x = ctx;
    char marker[512];

    x->last = l->t;
    if (l->kind == 'o' || l->kind == 'i') {
        put_record(x, UML_WRITE, l->kind == 'o' ? UML_OUTPUT : UML_INPUT, l->t,
                   event_sn(l->text, l->n));
    } else if (l->kind == 'm' && x->actions) {
        (void)str_fmt(marker, sizeof marker, "\033[1;%dm%s\033[0m\r\n", marker_colour(l->text),
                      l->text);
        put_record(x, UML_WRITE, UML_OUTPUT, l->t, event_s(marker));
    }
    return 0;
}

static int just_header(void *ctx, const struct cast_line *l)
{
    (void)ctx, (void)l;
    return 1;
}

static int export_record(const char *state, const char *name, struct exporter *x)
{
    static const struct event_str nothing = {"", 0};
    struct cast_header h;
    struct buf b;
    int err = load(state, name, &b);
    const char *text = (const char *)buf_ptr(&b);

    if (!err && (err = cast_read(text, buf_len(&b), &h, just_header, NULL)) >= 0) {
        x->start_us = h.start_s * 1000000;
        put_record(x, UML_OPEN, 0, 0, nothing);
        err = cast_read(text, buf_len(&b), &h, export_line, x);
        put_record(x, UML_CLOSE, 0, x->last, nothing);
    }
    buf_done(&b);
    return err;
}

int store_cmd_export_tty(int argc, char **argv)
{
    const char *output = NULL, *state = NULL;
    struct exporter x = {.out = stdout};
    const struct tool_opt opts[] = {{"--output", &output, NULL},
                                    {"--state", &state, NULL},
                                    {"--actions", NULL, &x.actions},
                                    {0}};
    static struct found f;
    int left = tool_options(argc, argv, opts, export_usage), status = 0;

    if (left < 0)
        return left == -2 ? 0 : 2;
    if (left != 1 || (!output && isatty(1))) {
        fprintf(stderr, "usage: qrassh export-tty %s", export_usage);
        return 2;
    }
    if (!find(tool_state(state), argv[0], &f))
        return 1;
    if (output && !(x.out = fopen(output, "wb"))) {
        perror(output);
        return 1;
    }
    for (int i = 0; i < f.n; i++)
        status |= export_record(tool_state(state), f.names[i], &x) != 0;
    if (fflush(x.out) != 0 || (output && fclose(x.out) != 0))
        status = 1;
    return status;
}
