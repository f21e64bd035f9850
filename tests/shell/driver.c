/* driver.c -- runs one command line on a fresh machine as sshd's exec would, and
 * copies what it prints: the shell's test bench without SSH.
 *
 *   driver [--image FILE] [--user NAME] [--dash] [--tty] SCRIPT
 *
 * Standard input is empty, or ours with --stdin; with --tty it is typed.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "shell/main.h"
#include "vm/host.h"
#include "vm/persona.h"

struct run {
    struct vm_port *io, *err;
    int status;
    bool ended;
};

static void ended(void *ctx, int status)
{
    struct run *r = ctx;
    r->status = status;
    r->ended = true;
}

static bool copy(struct vm_port *port, int fd)
{
    const uint8_t *p;
    size_t n;
    bool any = false;
    while (port && (n = vm_port_peek(port, &p)) > 0) {
        ssize_t k = write(fd, p, n);
        vm_port_consume(port, n);
        any = true;
        if (k < 0)
            break;
    }
    return any;
}

static struct vm_world *make_world(const char *image, const struct clock *clock,
                                   struct persona *persona)
{
    const struct vfs_image *im = vfs_image_builtin();
    struct vfs_image *opened;
    char why[200];
    if (image && vfs_image_open(image, &opened, why, sizeof why) == 0)
        im = opened;
    else if (image)
        fprintf(stderr, "driver: %s: %s\n", image, why);
    persona_draw(persona, 7, clock_real_us(clock), im);
    static const struct vm_program *tables[3];
    tables[0] = shell_programs;
    tables[1] = cmd_programs();
    struct vm_world_conf conf = {.image = im,
                                 .persona = persona,
                                 .tables = tables,
                                 .clock = clock,
                                 .limits = {.memory = 64u << 20,
                                            .disk = 64u << 20,
                                            .inodes = 20000,
                                            .all_memory = 256u << 20,
                                            .processes = 256,
                                            .files = 1024,
                                            .fuel = 20000},
                                 .seed = 3};
    return vm_world_new(&conf);
}

static void pump(struct vm_world *w, struct run *r, int in)
{
    bool in_open = in >= 0;
    for (;;) {
        int64_t at = vm_world_run(w, 20000);
        bool any = copy(r->io, 1) | copy(r->err, 2);
        if (r->ended && !any)
            return;
        struct pollfd pf = {.fd = in_open ? in : -1, .events = POLLIN};
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        int64_t us =
            at == INT64_MAX ? 100000 : at - (now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000);
        if (at == 0 || any || us < 0)
            us = 0;
        if (us > 100000)
            us = 100000;
        struct timespec wait = {0, (long)us * 1000};
        if (ppoll(&pf, 1, &wait, NULL) > 0) {
            char buf[4096];
            ssize_t n = read(in, buf, sizeof buf);
            if (n > 0) {
                (void)vm_port_write(r->io, buf, (size_t)n);
            } else {
                vm_port_shut_write(r->io);
                in_open = false;
            }
        }
    }
}

int main(int argc, char **argv)
{
    const char *image = getenv("DRIVER_IMAGE"), *user = "root";
    bool tty = false, with_stdin = false;
    int i = 1;
    for (; i < argc && argv[i][0] == '-' && argv[i][1] == '-'; i++) {
        if (strcmp(argv[i], "--image") == 0 && i + 1 < argc)
            image = argv[++i];
        else if (strcmp(argv[i], "--user") == 0 && i + 1 < argc)
            user = argv[++i];
        else if (strcmp(argv[i], "--tty") == 0)
            tty = true;
        else if (strcmp(argv[i], "--stdin") == 0)
            with_stdin = true;
        else
            break;
    }
    struct clock clock;
    struct persona persona;
    struct run r = {0};
    clock_init(&clock);
    struct vm_world *w = make_world(image, &clock, &persona);
    struct vm *vm = w ? vm_new(w, NULL) : NULL;
    struct vm_login_conf lc = {.user = user,
                               .from = "203.0.113.9",
                               .from_port = 40000,
                               .to = "10.0.0.5",
                               .to_port = 22,
                               .id = 1};
    struct vm_login *l;
    if (!vm || vm_login_new(vm, &lc, &l) != 0) {
        fprintf(stderr, "driver: no machine\n");
        return 125;
    }
    static const char *const env[] = {"LANG=C.UTF-8", NULL};
    struct vm_run run = {.command = i < argc ? argv[i] : NULL,
                         .tty = tty,
                         .term = "xterm",
                         .size = {.ws_row = 24, .ws_col = 80},
                         .env = env,
                         .ended = ended,
                         .ctx = &r};
    int pid;
    if (vm_login_run(l, &run, &pid, &r.io, &r.err) != 0)
        return 125;
    if (!tty && !with_stdin)
        vm_port_shut_write(r.io);
    pump(w, &r, tty || with_stdin ? 0 : -1);
    int st = r.status;
    return WIFSIGNALED(st) ? 128 + WTERMSIG(st) : WEXITSTATUS(st);
}
