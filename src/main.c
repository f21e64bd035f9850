/* main.c -- the table of subcommands.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "conf/conf.h"
#include "role/role.h"
#include "sim/attack.h"
#include "sim/sim.h"
#include "store/store_cmd.h"
#include "vfs/image_cmd.h"

#ifndef QRASSH_VERSION
#define QRASSH_VERSION "0.1.0"
#endif

/* The configuration of `run` and `check-config`: --config FILE and SECTION.OPTION=VALUE. */
static int load_conf(struct conf *c, int argc, char **argv)
{
    const char *path = NULL;
    char why[400], name[80];
    int i = 1;

    if (i + 1 < argc && strcmp(argv[i], "--config") == 0) {
        path = argv[i + 1];
        i += 2;
    }
    if (conf_load(c, path, why, sizeof why) < 0) {
        fprintf(stderr, "qrassh: %s\n", why);
        return 2;
    }
    for (; i < argc; i++) {
        const char *eq = strchr(argv[i], '=');
        if (!eq || !str_fmt(name, sizeof name, "%.*s", (int)(eq - argv[i]), argv[i])) {
            fprintf(stderr, "qrassh: '%s' is no setting: write section.option=value\n", argv[i]);
            return 2;
        }
        if (conf_set(c, name, eq + 1, why, sizeof why) < 0) {
            fprintf(stderr, "qrassh: %s\n", why);
            return 2;
        }
    }
    log_set_level((enum log_level)c->log.level);
    return 0;
}

static int cmd_run(int argc, char **argv)
{
    static struct conf conf;
    int r = load_conf(&conf, argc, argv);

    return r ? r : role_monitor_main(&conf);
}

static int cmd_check_config(int argc, char **argv)
{
    static struct conf conf;
    int r = load_conf(&conf, argc, argv);

    if (r == 0)
        conf_print_values(stdout, &conf);
    return r;
}

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *about;
} commands[] = {
    {"run", cmd_run, "start the honeypot: [--config FILE] [section.option=value ...]"},
    {"check-config", cmd_check_config, "check the configuration and print all values in force"},
    {"sessions", store_cmd_sessions, "list recorded sessions"},
    {"replay", store_cmd_replay, "play a session in this terminal, with the actions taken"},
    {"export-tty", store_cmd_export_tty, "write a session's terminal in the format of Kippo"},
    {"iocs", store_cmd_iocs, "write indicators of compromise as STIX, MISP, CSV or JSON"},
    {"prune", store_cmd_prune, "remove old records, or say what would be removed"},
    {"events", store_cmd_events, "print the catalogue of events"},
    {"image", vfs_cmd_image, "build, list or extract a disk image"},
    {"train", sim_cmd_train, "train a policy against simulated attackers"},
    {"simulate", sim_cmd_simulate, "run simulated attackers against a policy"},
    {"experiment", sim_cmd_experiment, "compare agents, repeat published experiments"},
    {"policy", sim_cmd_policy, "show what a checkpoint would do"},
    {"evaluate", sim_cmd_evaluate, "estimate a policy's worth from recorded sessions"},
    {"attack", sim_cmd_attack, "play recorded sessions against a honeypot on this machine"},
};

static int help(FILE *out, int status)
{
    fputs("usage: qrassh COMMAND [ARGUMENT]...\n"
          "       qrassh --version | --help | --print-config | --print-options-md\n\n"
          "An SSH honeypot that learns which answers keep attackers busy.\n\n",
          out);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        fprintf(out, "  %-14s %s\n", commands[i].name, commands[i].about);
    fputs("\nEvery command knows --help. Every option of the configuration can also be set in\n"
          "the environment as QRASSH_SECTION_OPTION; --print-config explains them all.\n",
          out);
    return status;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "--help";

    if (strcmp(name, "--version") == 0)
        return printf("qrassh %s\n", QRASSH_VERSION) < 0;
    if (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0)
        return help(stdout, argc > 1 ? 0 : 2);
    if (strcmp(name, "--print-config") == 0)
        return conf_print_sample(stdout), 0;
    if (strcmp(name, "--print-options-md") == 0)
        return conf_print_markdown(stdout), 0;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(name, commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    fprintf(stderr, "qrassh: there is no command '%s'; see qrassh --help\n", name);
    return 2;
}
