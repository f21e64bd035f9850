/* table.c -- the list of emulated programs, made from cmds.def.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "cmd/cmd.h"

#define X(n) extern const struct cmd cmd_##n;
#include "cmd/cmds.def"
#undef X

#define X(n)                                                                                       \
    static int main_##n(struct proc *p, int argc, char **argv)                                     \
    {                                                                                              \
        return cmd_main(p, &cmd_##n, argc, argv);                                                  \
    }
#include "cmd/cmds.def"
#undef X

const struct cmd *const cmd_table[] = {
#define X(n) &cmd_##n,
#include "cmd/cmds.def"
#undef X
    NULL,
};

static vm_main_fn *const mains[] = {
#define X(n) main_##n,
#include "cmd/cmds.def"
#undef X
};

enum { CMDS = sizeof(mains) / sizeof(mains[0]) };

const struct vm_program *cmd_programs(void)
{
    /* Filled once, before any machine runs; the same for ever after. */
    static struct vm_program programs[CMDS + 1];
    if (!programs[0].name)
        for (size_t i = 0; i < CMDS; i++)
            programs[i] = (struct vm_program){
                .name = cmd_table[i]->name, .paths = cmd_table[i]->paths, .main = mains[i]};
    return programs;
}

const struct cmd *cmd_lookup(const char *name)
{
    for (size_t i = 0; i < CMDS; i++)
        if (!strcmp(cmd_table[i]->name, name))
            return cmd_table[i];
    return NULL;
}
