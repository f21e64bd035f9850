/* pty_driver.c -- a shell of a virtual machine on a terminal, driven by frames.
 *
 *   pty_driver IMAGE COLUMNS ROWS TERM [NAME=VALUE ...] -- COMMAND
 *
 * Input is frames: a letter, a length as four digits, bytes. 'k': keys; 'w': the
 * window becomes "COLUMNS ROWS"; each is answered, once nothing is left to do, by
 * a length as eight digits and what the terminal has shown. No time passes but
 * what sleeping processes ask for, up to three seconds a frame.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "shell/programs.h"
#include "vm/host.h"
#include "vm/persona.h"

static bool over;

static void on_ended(void *ctx, int status)
{
    (void)ctx;
    (void)status;
    over = true;
}

static void settle(struct vm_world *w, struct clock *clock)
{
    int64_t end = clock_mono_us(clock) + 3000000;
    for (int i = 0; i < 1000000; i++) {
        int64_t next = vm_world_run(w, 1000), now = clock_mono_us(clock);
        if (next > end)
            return;
        clock_advance(clock, next > now ? next - now : 10);
        if (clock_mono_us(clock) > end)
            return;
    }
}

static void answer(struct vm_port *io)
{
    static char out[1 << 22];
    const uint8_t *p;
    size_t n = 0, k;
    while ((k = vm_port_peek(io, &p)) > 0) {
        if (n + k <= sizeof out) {
            memcpy(out + n, p, k);
            n += k;
        }
        vm_port_consume(io, k);
    }
    printf("%08zu", n);
    fwrite(out, 1, n, stdout);
    fflush(stdout);
}

static void frame(char kind, const char *data, size_t n, struct vm_port *io)
{
    struct winsize size;
    if (kind == 'k')
        (void)!vm_port_write(io, data, n);
    else if (sscanf(data, "%hu %hu", &size.ws_col, &size.ws_row) == 2)
        (void)!vm_port_resize(io, &size);
}

int main(int argc, char **argv)
{
    static struct persona persona;
    static const struct vm_program *tables[8];
    static char data[10000];
    struct clock clock;
    struct vfs_image *image;
    char why[200];
    const char *env[64];
    int i = 5, n = 0;
    struct vm_port *io, *err;
    struct vm_login *login;
    int pid;
    if (argc < 7 || vfs_image_open(argv[1], &image, why, sizeof why) != 0)
        return 77;
    for (; i < argc && strcmp(argv[i], "--") != 0 && n < 62; i++)
        env[n++] = argv[i];
    env[n] = NULL;
    clock_init_fake(&clock, INT64_C(1750000000000000));
    persona_draw(&persona, 42, clock_real_us(&clock), image);
    tables[0] = shell_programs;
    tables[1] = cmd_programs();
    struct vm_world_conf conf = {
        .image = image, .persona = &persona, .tables = tables, .clock = &clock, .seed = 1};
    struct vm_world *w = vm_world_new(&conf);
    struct vm_login_conf lc = {
        .user = "root", .from = "203.0.113.9", .to = "192.0.2.1", .to_port = 22, .id = 1};
    struct vm_run run = {
        .command = argv[i + 1], .tty = true, .term = argv[4], .env = env, .ended = on_ended};
    run.size.ws_col = (unsigned short)atol(argv[2]);
    run.size.ws_row = (unsigned short)atol(argv[3]);
    struct vm *vm = w ? vm_new(w, lc.from) : NULL;
    if (!vm || vm_login_new(vm, &lc, &login) != 0 ||
        vm_login_run(login, &run, &pid, &io, &err) != 0)
        return 1;
    settle(w, &clock);
    answer(io);
    char head[6] = {0};
    while (fread(head, 1, 5, stdin) == 5) {
        size_t len = strtoul(head + 1, NULL, 10);
        if (len >= sizeof data || fread(data, 1, len, stdin) != len)
            return 1;
        data[len] = 0;
        frame(head[0], data, len, io);
        settle(w, &clock);
        answer(io);
    }
    return 0;
}
