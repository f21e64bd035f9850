/* print.c -- the configuration as a sample file, as values, as a manual.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "conf/option.h"

/* Text wrapped at 78 columns, each line behind "# ". */
static void print_comment(FILE *out, const char *text)
{
    size_t column = 0;
    while (*text) {
        size_t n = strcspn(text, " ");
        if (column && column + 1 + n > 76) {
            fputc('\n', out);
            column = 0;
        }
        fprintf(out, "%s%.*s", column ? " " : "# ", (int)n, text);
        column += n + (column != 0);
        text += n;
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

static void print_option(FILE *out, const struct option *o)
{
    char allowed[300], variable[100], line[500];
    option_allowed(o, allowed, sizeof allowed);
    option_variable(o, variable, sizeof variable);
    str_fmt(line, sizeof line, "Allowed: %s. Environment: %s.", allowed, variable);
    fputc('\n', out);
    print_comment(out, o->text);
    print_comment(out, line);
    fprintf(out, "#%s =%s%s\n", o->name, *o->def ? " " : "", o->def);
}

void conf_print_sample(FILE *out)
{
    fputs("# The configuration of qrassh, every option at its default. Remove the # in\n"
          "# front of one to change it. The environment goes before this file.\n",
          out);
    for (size_t i = 0; i < option_section_count; i++) {
        const struct option_section *s = &option_sections[i];
        if (*s->name) {
            fputs("\n\n", out);
            print_comment(out, s->text);
            fprintf(out, "[%s]\n", s->name);
        }
        for (size_t j = 0; j < option_count; j++) {
            if (str_eq(option_table[j].section, s->name))
                print_option(out, &option_table[j]);
        }
    }
}

void conf_print_values(FILE *out, const struct conf *c)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        char value[CONF_LIST * CONF_ADDR];
        option_value(o, c, value, sizeof value);
        fprintf(out, "%s%s%s =%s%s\n", o->section, *o->section ? "." : "", o->name,
                *value ? " " : "", value);
    }
}

void conf_print_markdown(FILE *out)
{
    fputs("# Options\n\n"
          "Made by `make docs` from src/conf/options.def; `qrassh --print-config` prints the\n"
          "same as a configuration file to start from. Options are read from\n"
          "`/etc/qrassh/qrassh.conf` or the file named by `--config FILE` or\n"
          "`QRASSH_CONFIG`; the environment goes before the file, and\n"
          "`section.option=value` on the command line before both.\n",
          out);
    for (size_t i = 0; i < option_section_count; i++) {
        const struct option_section *s = &option_sections[i];
        if (*s->name)
            fprintf(out, "\n## [%s]\n\n%s\n", s->name, s->text);
        fputs("\n| option | default | allowed | environment | meaning |\n"
              "| --- | --- | --- | --- | --- |\n",
              out);
        for (size_t j = 0; j < option_count; j++) {
            const struct option *o = &option_table[j];
            char allowed[300], variable[100];
            if (!str_eq(o->section, s->name))
                continue;
            option_allowed(o, allowed, sizeof allowed);
            option_variable(o, variable, sizeof variable);
            fprintf(out, "| %s | %s%s%s | %s | `%s` | %s |\n", o->name, *o->def ? "`" : "",
                    *o->def ? o->def : "empty", *o->def ? "`" : "", allowed, variable, o->text);
        }
    }
}
