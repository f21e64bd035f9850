/* test_readline.c -- keys into the line editor, bytes out of the terminal.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "../vm/vm_fixture.h"

#include "shell/readline.h"

static const char *const lines[] = {"echo one", "ls -l /tmp", "echo two"};
static bool interrupted;

static int history_count(void *ctx)
{
    (void)ctx;
    return 3;
}

static const char *history_get(void *ctx, int i)
{
    (void)ctx;
    return i >= 0 && i < 3 ? lines[i] : NULL;
}

static void complete(void *ctx, const char *line, uint32_t point, struct arena *tmp,
                     struct rl_matches *out)
{
    static const char *const names[] = {"alpha", "alpine", "beta"};
    (void)ctx;
    uint32_t start = point;
    while (start > 0 && line[start - 1] != ' ')
        start--;
    out->start = start;
    out->v = arena_alloc(tmp, 3 * sizeof *out->v);
    for (int i = 0; i < 3; i++)
        if (strncmp(names[i], line + start, point - start) == 0)
            out->v[out->n++] = arena_printf(tmp, "-%s", names[i]) + 1;
}

static bool signalled(void *ctx)
{
    (void)ctx;
    bool was = interrupted;
    interrupted = false;
    return was;
}

static const char *variable(void *ctx, const char *name)
{
    (void)ctx;
    return strcmp(name, "TERM") == 0 ? "dumb" : NULL;
}

static void on_int(struct proc *p, int sig)
{
    (void)p;
    (void)sig;
    interrupted = true;
}

/* A shell that shows in brackets what was read; 5 at the end of input. */
static int editor_main(struct proc *p)
{
    static const struct rl_host host = {.history_count = history_count,
                                        .history_get = history_get,
                                        .complete = complete,
                                        .signalled = signalled,
                                        .var = variable};
    struct rl *r = rl_new(p, vm_arena(p), &host);
    const char *line;
    (void)vm_signal(p, SIGINT, on_int, false);
    rl_set_modes(r, true, false);
    for (;;) {
        enum rl_result result = rl_read(r, "$ ", &line);
        if (result == RL_EOF)
            return 5;
        vf_printf(vf_stdout(p), "[%s]\n", result == RL_LINE ? line : "^C");
        vf_flush(vf_stdout(p));
    }
}

static void start(struct fixture *f)
{
    interrupted = false;
    fixture_world(f);
    fixture_login(f, "root");
    shell_main = editor_main;
    fixture_start(f, true, "x");
    fixture_run(f, 0);
    assert_string_equal(fixture_out(f->io), "$ ");
}

static void expect(struct fixture *f, const char *type, const char *seen)
{
    fixture_type(f, type);
    assert_string_equal(fixture_out(f->io), seen);
}

static void test_editing(void **state)
{
    struct fixture f;
    (void)state;
    start(&f);
    expect(&f, "abc", "abc");
    expect(&f, "\002", "\b");
    expect(&f, "x", "xc\b");
    expect(&f, "\177", "\bc \b\b");
    expect(&f, "\001", "\b\b");
    expect(&f, "\005", "\r$ abc");
    expect(&f, "\025", "\b\b\b   \b\b\b");
    expect(&f, "\031", "abc");
    expect(&f, "\r", "\r\n[abc]\r\n$ ");
    /* no cursor-right: the row is written again from its start */
    expect(&f, "one two\027\027\031\r",
           "one two\b\b\b   \b\b\b\r\r$     \r\r$ one two\r\n[one two]\r\n$ ");
    expect(&f, "\303\251x\002\177", "\303\251x\b\bx \b\b");
    expect(&f, "\r", "\r\n[x]\r\n$ ");
    fixture_done(&f);
}

static void test_history(void **state)
{
    struct fixture f;
    (void)state;
    start(&f);
    expect(&f, "\033[A", "echo two");
    expect(&f, "\033OA\033OA\r", "\r\r$ ls -l /tmp\r\r$ echo one  \b\b\r\n[echo one]\r\n$ ");
    expect(&f, "\033.\r", "two\r\n[two]\r\n$ ");
    fixture_type(&f, "\022-l\r");
    assert_non_null(strstr(fixture_out(f.io), "[ls -l /tmp]"));
    fixture_done(&f);
}

static void test_completion(void **state)
{
    struct fixture f;
    (void)state;
    start(&f);
    expect(&f, "x b\t",
           "x b"
           "eta ");
    expect(&f, "al\t", "al\ap");
    expect(&f, "\t", "\a");
    expect(&f, "\t", "\r\nalpha   alpine  \r\n$ x beta alp");
    expect(&f, "z\t", "z\a");
    fixture_done(&f);
}

static void test_end(void **state)
{
    struct fixture f;
    (void)state;
    start(&f);
    expect(&f, "ab\004", "ab\a");
    fixture_type(&f, "\003");
    assert_string_equal(fixture_out(f.io), "^C\r\n[^C]\r\n$ ");
    fixture_type(&f, "\004");
    assert_int_equal(f.ended, 1);
    assert_int_equal(WEXITSTATUS(f.status), 5);
    fixture_done(&f);
}

static void test_hostile(void **state)
{
    struct fixture f;
    char many[4000];
    (void)state;
    start(&f);
    for (int round = 0; round < 6; round++) {
        memset(many, round % 2 ? 'a' : '\033', sizeof many);
        (void)!vm_port_write(f.io, many, sizeof many);
        fixture_run(&f, 0);
        (void)fixture_out(f.io);
    }
    (void)!vm_port_write(f.io, "\033[200~\000\377\033[201~\r", 16);
    fixture_run(&f, 0);
    (void)fixture_out(f.io);
    fixture_type(&f, "\025ok\r");
    const char *seen = fixture_out(f.io);
    assert_non_null(strstr(seen, "[ok]"));
    fixture_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_editing),    cmocka_unit_test(test_history),
        cmocka_unit_test(test_completion), cmocka_unit_test(test_end),
        cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
