/* test_limits.c -- what a hostile program runs into, and that others go on.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "vm_fixture.h"

/* --- a machine full of work beside one with a shell -------------------------- */
static int spin(struct proc *p, void *arg)
{
    (void)arg;
    for (;;)
        vm_tick(p, 1);
    return 0;
}

static int spin_many(struct proc *p)
{
    struct proc *c;
    for (int i = 0; i < 50; i++)
        if (vm_fork(p, &c) > 0)
            vm_start(c, spin, NULL);
    return spin(p, NULL);
}

static int count_lines(struct proc *p)
{
    for (int i = 0; i < 100; i++)
        vm_sleep_us(p, 0);
    return 0;
}

static void test_fair(void **state)
{
    struct fixture f;
    struct vm_port *io, *err;
    (void)state;
    fixture_world(&f);
    fixture_login(&f, "root");
    shell_main = spin_many;
    fixture_start(&f, false, "x");
    assert_int_equal(vm_world_run(f.world, 500), 0);
    /* The second machine needs 100 turns: with fairness by machine some 200
     * slices, by process 5,000. */
    struct vm_login_conf lc = {.user = "root", .from = "203.0.113.10", .id = 8};
    struct vm_login *l;
    int pid;
    struct vm_run run = {.command = "x", .ended = on_ended, .ctx = &f};
    assert_int_equal(vm_login_new(vm_new(f.world, lc.from), &lc, &l), 0);
    shell_main = count_lines;
    assert_int_equal(vm_login_run(l, &run, &pid, &io, &err), 0);
    assert_int_equal(vm_world_run(f.world, 300), 0);
    assert_int_equal(f.ended, 1);
    vm_port_close(io);
    vm_port_close(err);
    vm_login_end(l);
    fixture_done(&f);
}

/* --- the disk ---------------------------------------------------------------------- */
static int fill_disk(struct proc *p)
{
    static const char block[4096] = "x";
    int fd = vm_open(p, "/tmp/big", O_WRONLY | O_CREAT, 0644);
    ssize_t n;
    size_t sum = 0;
    while ((n = vm_write(p, fd, block, sizeof(block))) > 0)
        sum += (size_t)n;
    if (n != -ENOSPC || sum < (1 << 20))
        return 1;
    if (vm_unlink(p, "/tmp/big") < 0 || vm_close(p, fd) < 0)
        return 2;
    fd = vm_open(p, "/tmp/small", O_WRONLY | O_CREAT, 0644);
    if (vm_write(p, fd, block, 100) != 100)
        return 3;
    char path[64];
    int i = 0, err = 0;
    for (; i < 100000 && err >= 0; i++) {
        snprintf(path, sizeof(path), "/tmp/f%d", i);
        err = vm_mkdir(p, path, 0755);
    }
    return err == -ENOSPC && i < 5000 ? 0 : 4;
}

static void test_disk(void **state)
{
    struct fixture f;
    (void)state;
    test_limits = (struct vm_limits){.disk = 2 << 20, .inodes = 1000};
    assert_int_equal(run_shell(&f, fill_disk), 0);
    fixture_done(&f);
    test_limits = (struct vm_limits){0};
}

/* --- recursion ------------------------------------------------------------------------ */
static int dig(struct proc *p, int depth)
{
    volatile char room[256];
    room[0] = (char)depth;
    if (vm_deep(p))
        return depth;
    return dig(p, depth + 1) + (room[0] - room[0]);
}

static int recurse(struct proc *p)
{
    int depth = dig(p, 0);
    return depth > 100 && depth < 100000 ? 0 : 1;
}

static void test_deep(void **state)
{
    struct fixture f;
    (void)state;
    assert_int_equal(run_shell(&f, recurse), 0);
    fixture_done(&f);
}

/* --- pipelines and descriptors ------------------------------------------------------------ */
static int many_pipes(struct proc *p)
{
    int fds[2], err, n = 0;
    while ((err = vm_pipe(p, fds)) == 0)
        n++;
    return err == -EMFILE && n > 400 ? 0 : 1;
}

static void test_pipes(void **state)
{
    struct fixture f;
    (void)state;
    assert_int_equal(run_shell(&f, many_pipes), 0);
    fixture_done(&f);
}

/* --- output ---------------------------------------------------------------------------------- */
static int shout(struct proc *p)
{
    static const char block[1024] = "x";
    for (;;)
        vm_write_all(p, 1, block, sizeof(block));
    return 0;
}

static void test_rate(void **state)
{
    struct fixture f;
    size_t sum = 0;
    (void)state;
    test_limits = (struct vm_limits){.output_rate = 10000};
    fixture_world(&f);
    fixture_login(&f, "root");
    shell_main = shout;
    fixture_start(&f, false, "x");
    for (int i = 0; i < 100; i++) {
        fixture_run(&f, 100000);
        for (const uint8_t *p; (vm_port_peek(f.io, &p)) > 0;) {
            size_t n = vm_port_peek(f.io, &p);
            sum += n;
            vm_port_consume(f.io, n);
        }
    }
    assert_in_range(sum, 60000, 10 * 10000 + 60000); /* ten seconds and the burst */
    fixture_done(&f);
    test_limits = (struct vm_limits){0};
}

/* --- programs that are not ours ------------------------------------------------------------------
 */
static char executed[64], broken[64];

static void on_foreign(void *ctx, struct vm *vm, struct vm_login *l, const char *path,
                       struct vnode v)
{
    (void)ctx, (void)vm, (void)l, (void)v;
    snprintf(executed, sizeof(executed), "%s", path);
}

static void on_broken(void *ctx, struct vm *vm, struct vm_login *l, const char *path)
{
    (void)ctx, (void)vm, (void)l;
    snprintf(broken, sizeof(broken), "%s", path);
}

static int put_file(struct proc *p, const char *path, const void *data, size_t n)
{
    int fd = vm_open(p, path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    return fd < 0 || vm_write_all(p, fd, data, n) < 0 ? -1 : vm_close(p, fd);
}

static int run_status(struct proc *p, const char *path, char **argv)
{
    int status, pid = vm_spawn(p, path, argv, vm_environ(p), NULL, NULL);
    if (pid < 0)
        return pid;
    vm_wait(p, pid, &status, 0);
    return WEXITSTATUS(status);
}

static int programs(struct proc *p)
{
    char *argv[] = {"x", "arg", NULL}, buf[70000];
    uint8_t elf[64] = {0x7f, 'E', 'L', 'F', 2, 1, 1, [16] = 2, [18] = 62};
    put_file(p, "/tmp/script", "#! /bin/echo  -a b \nwhatever\n", 29);
    if (run_status(p, "/tmp/script", argv) != 0)
        return 1;
    put_file(p, "/tmp/text", "echo hi\n", 8);
    if (run_status(p, "/tmp/text", argv) != -ENOEXEC)
        return 2;
    put_file(p, "/tmp/bot", elf, sizeof(elf));
    if (run_status(p, "/tmp/bot", argv) != 0 || strcmp(executed, "/tmp/bot") != 0)
        return 3;
    elf[18] = 40; /* ARM */
    put_file(p, "/tmp/arm", elf, sizeof(elf));
    if (run_status(p, "/tmp/arm", argv) != -ENOEXEC)
        return 4;
    vm_chmod(p, "/tmp/arm", 0644);
    if (run_status(p, "/tmp/arm", argv) != -EACCES || run_status(p, "/tmp", argv) != -EACCES)
        return 5;
    if (run_status(p, "/usr/bin/nano", argv) != 127 || strcmp(broken, "/usr/bin/nano") != 0)
        return 6;
    /* A copy is still the program. */
    int fd = vm_open(p, "/bin/true", O_RDONLY, 0);
    ssize_t n = vm_read(p, fd, buf, sizeof(buf));
    if (n < 4 || put_file(p, "/tmp/t", buf, (size_t)n) < 0 || run_status(p, "/tmp/t", argv) != 0)
        return 7;
    put_file(p, "/tmp/loop", "#!/tmp/loop\n", 12);
    return run_status(p, "/tmp/loop", argv) == -ELOOP ? 0 : 8;
}

static void test_exec(void **state)
{
    struct fixture f;
    (void)state;
    test_hooks = (struct vm_hooks){.foreign_exec = on_foreign, .not_emulated = on_broken};
    assert_int_equal(run_shell(&f, programs), 0);
    assert_string_equal(fixture_out(f.io), "/bin/echo\n-a b\n/tmp/script\narg\n");
    fixture_done(&f);
    test_hooks = (struct vm_hooks){0};
}

/* --- many machines
 * ------------------------------------------------------------------------------------ */
static void test_machines(void **state)
{
    struct fixture f;
    char key[32];
    (void)state;
    test_limits = (struct vm_limits){.all_memory = 2 << 20};
    fixture_world(&f);
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof(key), "10.0.%d.%d", i / 250, i % 250);
        assert_non_null(vm_new(f.world, key));
    }
    assert_true(vm_world_memory(f.world) < 3 << 20);
    assert_non_null(vm_find(f.world, key));
    assert_null(vm_find(f.world, "10.0.0.0")); /* the oldest went first */
    vm_world_free(f.world);
    test_limits = (struct vm_limits){0};
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fair),     cmocka_unit_test(test_disk), cmocka_unit_test(test_deep),
        cmocka_unit_test(test_pipes),    cmocka_unit_test(test_rate), cmocka_unit_test(test_exec),
        cmocka_unit_test(test_machines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
