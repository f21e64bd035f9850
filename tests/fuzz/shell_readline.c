/* shell_readline.c -- any bytes typed at the line editor end in bounded time.
 * The first byte chooses the terminal's width and the locale.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "shell/readline.h"
#include "vm/host.h"
#include "vm/persona.h"

static uint8_t options;

static int history_count(void *ctx)
{
    (void)ctx;
    return 3;
}

static const char *history_get(void *ctx, int i)
{
    static const char *const lines[] = {"echo one", "ls 'a b' \xc3\xa9 | wc", "x\ny"};
    (void)ctx;
    return i >= 0 && i < 3 ? lines[i] : NULL;
}

static void complete(void *ctx, const char *line, uint32_t point, struct arena *tmp,
                     struct rl_matches *out)
{
    (void)ctx;
    out->start = point > 3 ? point - 3 : 0;
    out->files = true;
    out->v = arena_alloc(tmp, 200 * sizeof *out->v);
    for (int i = 0; i < (line[0] == 'm' ? 200 : 2); i++)
        out->v[out->n++] = arena_printf(tmp, "d%.3s%d", line + out->start, i) + 1;
}

static bool signalled(void *ctx)
{
    (void)ctx;
    return false;
}

static const char *variable(void *ctx, const char *name)
{
    (void)ctx;
    return strcmp(name, "TERM") == 0 ? "xterm" : NULL;
}

static int shell_main(struct proc *p, int argc, char **argv)
{
    static const struct rl_host host = {.history_count = history_count,
                                        .history_get = history_get,
                                        .complete = complete,
                                        .signalled = signalled,
                                        .var = variable};
    struct rl *r = rl_new(p, vm_arena(p), &host);
    const char *line;
    (void)argc;
    (void)argv;
    rl_set_modes(r, options & 1, false);
    while (rl_read(r, options & 2 ? "one\n\001\033[1m\002$ " : "$ ", &line) != RL_EOF)
        continue;
    return 0;
}

static const struct vm_program programs[] = {{"bash", NULL, shell_main}, {0}};
static const struct vm_program *const tables[] = {programs, NULL};

static void drain(struct vm_port *io)
{
    const uint8_t *p;
    size_t n;
    while ((n = vm_port_peek(io, &p)) > 0)
        vm_port_consume(io, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct clock clock;
    static struct persona persona;
    struct vm_login *login;
    struct vm_port *io, *err;
    int pid;
    if (n < 1 || n > 4096)
        return 0;
    options = data[0];
    clock_init_fake(&clock, INT64_C(1750000000000000));
    persona_draw(&persona, 42, clock_real_us(&clock), vfs_image_builtin());
    struct vm_world_conf conf = {.image = vfs_image_builtin(),
                                 .persona = &persona,
                                 .tables = tables,
                                 .clock = &clock,
                                 .seed = 1};
    struct vm_world *w = vm_world_new(&conf);
    struct vm *vm = vm_new(w, "203.0.113.9");
    struct vm_login_conf lc = {.user = "root", .from = "203.0.113.9", .to_port = 22, .id = 7};
    struct vm_run run = {.command = "x", .tty = true, .term = "xterm"};
    run.size.ws_row = 24;
    run.size.ws_col = (unsigned short)(1 + (options >> 2));
    if (vm_login_new(vm, &lc, &login) == 0 && vm_login_run(login, &run, &pid, &io, &err) == 0) {
        for (size_t at = 1; at <= n; at += 16) {
            size_t k = n - at < 16 ? n - at : 16;
            (void)!vm_port_write(io, data + at, k);
            for (int i = 0; i < 1000 && vm_world_run(w, 100) == 0; i++) {
                drain(io);
                clock_advance(&clock, 100);
            }
            drain(io);
        }
        vm_port_close(io);
    }
    vm_world_free(w);
    return 0;
}
