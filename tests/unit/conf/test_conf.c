/* test_conf.c -- defaults, files, environment, messages; documents agree.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "conf/option.h"

static struct conf conf;
static char why[400];

/* Loads a file with this text. */
static int load(const char *text)
{
    char path[] = "/tmp/qrassh-conf-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    *why = 0;
    int err = conf_load(&conf, path, why, sizeof why);
    unlink(path);
    /* The name is random: cut it off the message. */
    if (strncmp(why, path, strlen(path)) == 0)
        memmove(why, why + strlen(path), strlen(why + strlen(path)) + 1);
    return err;
}

static void defaults_are_the_promised_ones(void **state)
{
    (void)state;
    conf_defaults(&conf);
    assert_int_equal(conf.ssh.listen.n, 1);
    assert_string_equal(conf.ssh.listen.v[0], "0.0.0.0:2222");
    assert_string_equal(conf.web.listen.v[0], "127.0.0.1:8080");
    assert_string_equal(conf.policy.agent, "dqn");
    assert_string_equal(conf.policy.reward, "artefact");
    assert_int_equal(conf.policy.delay_ms, 3000);
    assert_int_equal(conf.auth.mode, CONF_AUTH_WEAK);
    assert_int_equal(conf.fetch.mode, CONF_FETCH_RECORD);
    assert_int_equal(conf.vm.keep, 24 * 3600 * 1000);
    assert_int_equal(conf.limits.memory, 64 << 20);
    assert_int_equal(conf.seed, 0);
    assert_true(conf.learner.gamma == -1);
    assert_int_equal(conf.learner.batch, -1);
    assert_int_equal(conf.log.level, LOG_INFO);
}

static void a_file_sets_options(void **state)
{
    (void)state;
    assert_int_equal(load("# comment\n"
                          "seed = 7\n"
                          "\n"
                          " [ ssh ] \n"
                          "listen = 127.0.0.1:0, [::1]:22   10.0.0.1:65535\n"
                          "[vm]\r\n"
                          "keep=90m\r\n"
                          "; another\n"
                          "[limits]\n"
                          "  memory =  32M  \n"
                          "disk = 1048576\n"
                          "[learner]\n"
                          "gamma = 0.9\n"
                          "epsilon_end = auto\n"
                          "train = off\n"
                          "[state]\n"
                          "dir = /srv/my honeypot # 1\n"
                          "[auth]\n"
                          "mode = none"),
                     0);
    assert_int_equal(conf.seed, 7);
    assert_int_equal(conf.ssh.listen.n, 3);
    assert_string_equal(conf.ssh.listen.v[1], "[::1]:22");
    assert_string_equal(conf.ssh.listen.v[2], "10.0.0.1:65535");
    assert_int_equal(conf.vm.keep, 90 * 60000);
    assert_int_equal(conf.limits.memory, 32 << 20);
    assert_int_equal(conf.limits.disk, 1 << 20);
    assert_true(conf.learner.gamma == 0.9);
    assert_true(conf.learner.epsilon_end == -1);
    assert_false(conf.learner.train);
    assert_string_equal(conf.state.dir, "/srv/my honeypot # 1");
    assert_int_equal(conf.auth.mode, CONF_AUTH_NONE);
}

static void the_environment_goes_before_the_file(void **state)
{
    (void)state;
    setenv("QRASSH_POLICY_AGENT", "allow", 1);
    setenv("QRASSH_VM_KEEP", "0", 1);
    setenv("QRASSH_SEED", "12", 1);
    assert_int_equal(load("seed = 1\n[policy]\nagent = random\ndelay_ms = 5\n"), 0);
    assert_string_equal(conf.policy.agent, "allow");
    assert_int_equal(conf.policy.delay_ms, 5);
    assert_int_equal(conf.vm.keep, 0);
    assert_int_equal(conf.seed, 12);
    setenv("QRASSH_VM_KEEP", "5", 1);
    assert_int_equal(load(""), ERR_FORMAT);
    assert_string_equal(why, "QRASSH_VM_KEEP: vm.keep = 5: must be a time from 0 to 365d "
                             "(such as 500ms, 30s, 5m, 24h, 7d)");
    unsetenv("QRASSH_POLICY_AGENT");
    unsetenv("QRASSH_VM_KEEP");
    unsetenv("QRASSH_SEED");
}

static void mistakes_are_explained(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"\n[ssh]\nlisten = 2222\n", ":3: ssh.listen = 2222: must be 1 to 16 addresses such as "
                                     "0.0.0.0:2222 or [::]:2222"},
        {"[ssh]\nlisten =\n", ":2: ssh.listen = : must be 1 to 16 addresses such as "
                              "0.0.0.0:2222 or [::]:2222"},
        {"[shh]\n", ":1: there is no section [shh]; did you mean ssh?"},
        {"[quite something else]\n", ":1: there is no section [quite something else]"},
        {"[policy]\nagnet = dqn\n",
         ":2: section [policy] has no option agnet; did you mean agent?"},
        {"[policy]\nagent = dqm\n", ":2: policy.agent = dqm: must be one of: dqn qlearning sarsa "
                                    "esarsa sarsa-lambda bandit random allow"},
        {"[policy]\nagent = \n", ":2: policy.agent = : must be one of: dqn qlearning sarsa "
                                 "esarsa sarsa-lambda bandit random allow"},
        {"[policy]\ndelay_ms = 60001\n",
         ":2: policy.delay_ms = 60001: must be a whole number from 0 to 60000"},
        {"[limits]\nmemory = 1T\n", ":2: limits.memory = 1T: must be a size from 1M to 4G (such as "
                                    "4096, 64K, 10M, 2G)"},
        {"[limits]\nmemory = 99999999999999999999G\n",
         ":2: limits.memory = 99999999999999999999G: must be a size from 1M to 4G (such as 4096, "
         "64K, 10M, 2G)"},
        {"[learner]\ngamma = 1.5\n", ":2: learner.gamma = 1.5: must be auto, or a number from 0.0 "
                                     "to 1.0"},
        {"[learner]\ntrain = maybe\n", ":2: learner.train = maybe: must be yes or no"},
        {"sede = 1\n", ":1: no option sede without a section; did you mean seed?"},
        {"seed = -1\n", ":1: seed = -1: must be a whole number from 0"},
        {"hello\n", ":1: neither [section] nor name = value"},
        {"[auth]\nmin_tries = 9\n", "auth.min_tries must not be above auth.max_tries"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(load(cases[i].text) < 0);
        assert_string_equal(why, cases[i].why);
    }
    assert_int_equal(conf_load(&conf, "/nonexistent/q.conf", why, sizeof why), ERR_IO);
    assert_string_equal(why, "/nonexistent/q.conf: cannot be read: No such file or directory");
    char *longest = x_calloc(1, 5001);
    memset(longest, 'x', 5000);
    assert_int_equal(load(longest), ERR_FORMAT);
    x_free(longest);
}

static void options_are_set_by_name(void **state)
{
    (void)state;
    conf_defaults(&conf);
    assert_int_equal(conf_set(&conf, "ssh.listen", "127.0.0.1:9", why, sizeof why), 0);
    assert_string_equal(conf.ssh.listen.v[0], "127.0.0.1:9");
    assert_int_equal(conf_set(&conf, "seed", "5", why, sizeof why), 0);
    assert_int_equal(conf_set(&conf, "ssh.lisen", "x", why, sizeof why), ERR_NOTFOUND);
    assert_int_equal(conf_set(&conf, "xyz.listen", "x", why, sizeof why), ERR_NOTFOUND);
    assert_int_equal(conf_set(&conf, "vm.keep", "1y", why, sizeof why), ERR_FORMAT);
    assert_int_equal(conf_set(&conf, "vm.keep", "366d", why, sizeof why), ERR_RANGE);
}

static void every_row_is_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        char text[2000];
        struct conf again;
        conf_defaults(&conf);
        again = conf;
        option_value(o, &conf, text, sizeof text);
        memset((char *)&again + o->offset, 0x55, o->type == OPTION_BOOL ? 1 : sizeof(int));
        assert_int_equal(option_set(o, &again, text), 0);
        if (o->type != OPTION_WORD && o->type != OPTION_TEXT)
            assert_memory_equal(&again, &conf, sizeof conf);
        assert_ptr_equal(option_find(o->section, o->name), o);
        if (o->least && o->most) {
            assert_int_equal(option_set(o, &conf, o->least), 0);
            if (!str_eq(o->most, "INT64_MAX"))
                assert_int_equal(option_set(o, &conf, o->most), 0);
        }
        assert_true(isupper((unsigned char)*o->text) || islower((unsigned char)*o->text));
        assert_true(str_ends(o->text, "."));
        assert_null(strchr(o->text, '|'));
    }
}

/* What print writes, as a string; to be freed. */
static char *printed(void (*print)(FILE *out))
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    assert_non_null(f);
    print(f);
    fclose(f);
    return text;
}

static void the_sample_is_the_defaults(void **state)
{
    (void)state;
    char *text = printed(conf_print_sample);
    size_t options = 0;
    for (char *p = text; (p = strstr(p, "\n#")); p++) {
        if (p[2] != ' ') {
            p[1] = ' '; /* as an operator would */
            options++;
        }
    }
    assert_int_equal(options, option_count);
    if (load(text) < 0)
        fail_msg("%s", why);
    struct conf defaults;
    conf_defaults(&defaults);
    assert_memory_equal(&conf, &defaults, sizeof conf);
    x_free(text);
}

static void print_values_of_conf(FILE *out)
{
    conf_print_values(out, &conf);
}

static void printed_values_read_back(void **state)
{
    (void)state;
    assert_int_equal(load("seed = 3\n[ssh]\nlisten = 1.2.3.4:5 [::]:6\n[vm]\nkeep = 90s\n"
                          "[learner]\nrate = 0.001\n[web]\nlisten =\n"),
                     0);
    char *text = printed(print_values_of_conf);
    struct conf back;
    conf_defaults(&back);
    for (char *line = text; *line;) {
        char *end = strchr(line, '\n'), *equals = strstr(line, " =");
        *end = *equals = 0;
        const char *value = equals + 2 < end ? equals + 3 : "";
        if (conf_set(&back, line, value, why, sizeof why))
            fail_msg("%s", why);
        line = end + 1;
    }
    assert_memory_equal(&back, &conf, sizeof back);
    x_free(text);
}

static void same_as_file(void (*print)(FILE *out), const char *path)
{
    char *text = printed(print);
    size_t n = strlen(text);
    char *file = x_calloc(1, n + 2);
    FILE *f = fopen(path, "re");
    if (!f)
        fail_msg("%s is missing: make docs", path);
    size_t got = fread(file, 1, n + 1, f);
    fclose(f);
    if (got != n || memcmp(file, text, n) != 0)
        fail_msg("%s differs from options.def: make docs", path);
    x_free(file);
    x_free(text);
}

static void documents_agree(void **state)
{
    (void)state;
    same_as_file(conf_print_markdown, "docs/OPTIONS.md");
    same_as_file(conf_print_sample, "etc/qrassh.conf");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_the_promised_ones),
        cmocka_unit_test(a_file_sets_options),
        cmocka_unit_test(the_environment_goes_before_the_file),
        cmocka_unit_test(mistakes_are_explained),
        cmocka_unit_test(options_are_set_by_name),
        cmocka_unit_test(every_row_is_sound),
        cmocka_unit_test(the_sample_is_the_defaults),
        cmocka_unit_test(printed_values_read_back),
        cmocka_unit_test(documents_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
