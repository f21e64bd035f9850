/* vm_fixture.h -- a world for tests: the built-in image, a fixed persona, a
 * fake clock, and test programs that stand in the place of real ones.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef VM_FIXTURE_H
#define VM_FIXTURE_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "vm/host.h"
#include "vm/persona.h"
#include "vm/stdio.h"

struct fixture {
    struct clock clock;
    struct persona persona;
    struct vm_world *world;
    struct vm *vm;
    struct vm_login *login;
    struct vm_port *io, *err;
    int pid, status, ended;
};

/* What the shell of the fixture does: set before fixture_run. */
static int (*shell_main)(struct proc *p);

static int test_shell(struct proc *p, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return shell_main ? shell_main(p) : 0;
}

static int test_true(struct proc *p, int argc, char **argv)
{
    (void)p;
    (void)argc;
    (void)argv;
    return 0;
}

/* Prints its arguments, one a line. */
static int test_echo(struct proc *p, int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        vf_printf(vf_stdout(p), "%s\n", argv[i]);
    return 0;
}

static const struct vm_program test_programs[] = {
    {"bash", NULL, test_shell}, {"true", NULL, test_true}, {"echo", NULL, test_echo}, {0}};
static const struct vm_program *const test_tables[] = {test_programs, NULL};

static void on_ended(void *ctx, int status)
{
    struct fixture *f = ctx;
    f->status = status;
    f->ended++;
}

static struct vm_limits test_limits;
static struct vm_hooks test_hooks;

static inline void fixture_world(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    clock_init_fake(&f->clock, INT64_C(1750000000000000));
    persona_draw(&f->persona, 42, clock_real_us(&f->clock), vfs_image_builtin());
    struct vm_world_conf conf = {.image = vfs_image_builtin(),
                                 .persona = &f->persona,
                                 .tables = test_tables,
                                 .clock = &f->clock,
                                 .limits = test_limits,
                                 .hooks = test_hooks,
                                 .seed = 1};
    f->world = vm_world_new(&conf);
    assert_non_null(f->world);
}

static inline void fixture_login(struct fixture *f, const char *user)
{
    struct vm_login_conf lc = {
        .user = user, .from = "203.0.113.9", .from_port = 40000, .to_port = 22, .id = 7};
    f->vm = vm_new(f->world, lc.from);
    assert_non_null(f->vm);
    assert_int_equal(vm_login_new(f->vm, &lc, &f->login), 0);
}

static inline void fixture_start(struct fixture *f, bool tty, const char *command)
{
    struct vm_run run = {.command = command,
                         .tty = tty,
                         .term = "xterm",
                         .size = {.ws_row = 24, .ws_col = 80},
                         .ended = on_ended,
                         .ctx = f};
    assert_int_equal(vm_login_run(f->login, &run, &f->pid, &f->io, &f->err), 0);
}

/* Runs until nothing is ready, letting fake time pass for sleepers. */
static inline void fixture_run(struct fixture *f, int64_t at_most_us)
{
    int64_t end = clock_mono_us(&f->clock) + at_most_us;
    for (int i = 0; i < 100000; i++) {
        int64_t next = vm_world_run(f->world, 1000);
        int64_t now = clock_mono_us(&f->clock);
        if (next == 0 && now < end) {
            clock_advance(&f->clock, 100); /* somebody computes: that takes time */
            continue;
        }
        if (next > end || now > end)
            return;
        if (next > now)
            clock_advance(&f->clock, next - now);
    }
}

/* All that the machine says on a port now, as a C string in a static buffer. */
static inline const char *fixture_out(struct vm_port *port)
{
    static char text[1 << 20];
    size_t n = 0, k;
    const uint8_t *p;
    while ((k = vm_port_peek(port, &p)) > 0) {
        if (n + k < sizeof(text)) {
            memcpy(text + n, p, k);
            n += k;
        }
        vm_port_consume(port, k);
    }
    text[n] = 0;
    return text;
}

static inline void fixture_type(struct fixture *f, const char *s)
{
    assert_int_equal(vm_port_write(f->io, s, strlen(s)), strlen(s));
    fixture_run(f, 0);
}

static inline void fixture_done(struct fixture *f)
{
    vm_port_close(f->io);
    vm_port_close(f->err);
    vm_login_end(f->login);
    vm_world_free(f->world);
}

/* One shell with pipes, from start to end: its status. */
static inline int run_shell(struct fixture *f, int (*fn)(struct proc *p))
{
    fixture_world(f);
    fixture_login(f, "root");
    shell_main = fn;
    fixture_start(f, false, "x");
    fixture_run(f, INT64_C(1000000000));
    return f->ended == 1 && WIFEXITED(f->status) ? WEXITSTATUS(f->status)
           : f->ended                            ? 1000 + WTERMSIG(f->status)
                                                 : -1;
}

#endif
