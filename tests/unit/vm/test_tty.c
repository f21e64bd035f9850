/* test_tty.c -- the line discipline and job control, typed at.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "vm_fixture.h"

/* A shell that does what cat does, one read a line. */
static int cat_main(struct proc *p)
{
    char buf[256];
    ssize_t n;
    while ((n = vm_read(p, 0, buf, sizeof(buf))) > 0) {
        vm_write_all(p, 1, "<", 1);
        vm_write_all(p, 1, buf, (size_t)n);
        vm_write_all(p, 1, ">", 1);
    }
    return n == 0 ? 3 : 4;
}

static void start_tty(struct fixture *f, int (*fn)(struct proc *p))
{
    fixture_world(f);
    fixture_login(f, "root");
    shell_main = fn;
    fixture_start(f, true, "x"); /* a command: no greeting */
    fixture_run(f, 0);
}

static void expect(struct fixture *f, const char *type, const char *shown)
{
    fixture_type(f, type);
    assert_string_equal(fixture_out(f->io), shown);
}

static void test_canonical(void **state)
{
    struct fixture f;
    (void)state;
    start_tty(&f, cat_main);
    expect(&f, "ab", "ab");
    expect(&f, "\r", "\r\n<ab\r\n>");
    expect(&f, "abc\177\177x\n", "abc\b \b\b \bx\r\n<ax\r\n>");
    expect(&f, "one two\027", "one two\b \b\b \b\b \b");
    expect(&f, "\025", "\b \b\b \b\b \b\b \b");
    expect(&f, "\t\001\n", "\t^A\r\n<\t\001\r\n>");
    expect(&f, "\026\003\n", "^\b^C\r\n<\003\r\n>");
    expect(&f, "ab\004", "ab<ab>");
    expect(&f, "\004", "");
    assert_int_equal(f.ended, 1);
    assert_int_equal(WEXITSTATUS(f.status), 3);
    fixture_done(&f);
}

static void test_erase_tab(void **state)
{
    struct fixture f;
    (void)state;
    start_tty(&f, cat_main);
    expect(&f, "a\t", "a\t");
    expect(&f, "\177", "\b\b\b\b\b\b\b");
    expect(&f, "\001\177", "^A\b \b\b \b");
    expect(&f, "\025", "\b \b");
    expect(&f, "a\tb\001\025", "a\tb^A\b \b\b \b\b \b\b\b\b\b\b\b\b\b \b");
    expect(&f, "ab\022", "ab^R\r\nab");
    expect(&f, "\025", "\b \b\b \b");
    expect(&f, "one.two, x\027\027", "one.two, x\b \b\b \b\b \b\b \b\b \b\b \b");
    fixture_done(&f);
}

static void test_interrupt(void **state)
{
    struct fixture f;
    (void)state;
    start_tty(&f, cat_main);
    expect(&f, "abc\003", "^C");
    assert_int_equal(f.ended, 1);
    assert_true(WIFSIGNALED(f.status) && WTERMSIG(f.status) == SIGINT);
    fixture_done(&f);
}

static int got_signal;

static void on_signal(struct proc *p, int sig)
{
    got_signal = sig;
    vm_write_all(p, 1, "!", 1);
}

static int raw_main(struct proc *p)
{
    struct termios t;
    char c;
    vm_signal(p, SIGWINCH, on_signal, true);
    if (vm_tcgetattr(p, 0, &t) < 0)
        return 1;
    t.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
    t.c_oflag &= ~(tcflag_t)OPOST;
    vm_tcsetattr(p, 0, TCSADRAIN, &t);
    while (vm_read(p, 0, &c, 1) == 1 && c != 'q') {
        char out[8];
        int n = snprintf(out, sizeof(out), "%d\n", c);
        vm_write_all(p, 1, out, (size_t)n);
    }
    return 5;
}

static void test_raw(void **state)
{
    struct fixture f;
    struct winsize w = {.ws_row = 50, .ws_col = 100};
    (void)state;
    start_tty(&f, raw_main);
    assert_false(vm_port_echo(f.io));
    expect(&f, "\003a", "3\n97\n");
    vm_port_resize(f.io, &w);
    fixture_run(&f, 0);
    assert_string_equal(fixture_out(f.io), "!");
    assert_int_equal(got_signal, SIGWINCH);
    expect(&f, "q", "");
    assert_int_equal(WEXITSTATUS(f.status), 5);
    fixture_done(&f);
}

static int read_child(struct proc *p, void *arg)
{
    char c;
    (void)arg;
    vm_setpgid(p, 0, 0);
    return vm_read(p, 0, &c, 1) == 1 ? 0 : 9;
}

/* A job in the background that reads is stopped; put into the foreground and
 * continued it gets what is typed; Ctrl-Z stops it. */
static int job_main(struct proc *p)
{
    struct proc *c;
    int status, pid = vm_fork(p, &c);
    vm_signal(p, SIGTTOU, VM_SIG_IGN, true);
    vm_setpgid(p, pid, pid);
    vm_start(c, read_child, NULL);
    if (vm_wait(p, pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status) ||
        WSTOPSIG(status) != SIGTTIN)
        return 1;
    if (vm_tcsetpgrp(p, 0, pid) < 0)
        return 2;
    vm_kill(p, -pid, SIGCONT);
    if (vm_wait(p, pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status) ||
        WSTOPSIG(status) != SIGTSTP)
        return 3;
    vm_kill(p, -pid, SIGCONT);
    if (vm_wait(p, pid, &status, WUNTRACED | WCONTINUED) != pid)
        return 4;
    if (WIFCONTINUED(status) && vm_wait(p, pid, &status, 0) != pid)
        return 5;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return 6;
    return vm_tcsetpgrp(p, 0, vm_getpid(p)) < 0 ? 7 : 0;
}

static void test_jobs(void **state)
{
    struct fixture f;
    (void)state;
    start_tty(&f, job_main);
    fixture_run(&f, 0);
    expect(&f, "\032", "^Z");
    expect(&f, "x\n", "x\r\n");
    assert_int_equal(f.ended, 1);
    assert_int_equal(f.status, 0);
    fixture_done(&f);
}

static void test_hangup(void **state)
{
    struct fixture f;
    (void)state;
    start_tty(&f, cat_main);
    vm_port_close(f.io);
    f.io = NULL;
    fixture_run(&f, 0);
    assert_int_equal(f.ended, 1);
    assert_int_equal(WTERMSIG(f.status), SIGHUP);
    fixture_done(&f);
}

static int yes_main(struct proc *p)
{
    for (;;)
        if (vm_write_all(p, 1, "yyyyyyy\n", 8) < 0)
            return 1;
    return 0;
}

/* Output that nobody takes stops its writer; Ctrl-C still works. */
static void test_flood(void **state)
{
    struct fixture f;
    (void)state;
    start_tty(&f, yes_main);
    fixture_run(&f, 1000);
    uint64_t held = vm_memory(f.vm);
    fixture_run(&f, 1000000);
    assert_true(vm_memory(f.vm) < held + 70000);
    fixture_type(&f, "\003");
    assert_int_equal(f.ended, 1);
    assert_int_equal(WTERMSIG(f.status), SIGINT);
    fixture_done(&f);
}

/* A line of a megabyte without an end costs no more than a full buffer. */
static void test_long_line(void **state)
{
    struct fixture f;
    char block[1000];
    (void)state;
    start_tty(&f, cat_main);
    memset(block, 'x', sizeof(block));
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(vm_port_write(f.io, block, sizeof(block)), sizeof(block));
        fixture_out(f.io);
    }
    fixture_type(&f, "\n");
    assert_int_equal(strlen(fixture_out(f.io)), 2 + 4096 + 1 + 2 * 16);
    fixture_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_canonical), cmocka_unit_test(test_erase_tab),
        cmocka_unit_test(test_interrupt), cmocka_unit_test(test_raw),
        cmocka_unit_test(test_jobs),      cmocka_unit_test(test_hangup),
        cmocka_unit_test(test_flood),     cmocka_unit_test(test_long_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
