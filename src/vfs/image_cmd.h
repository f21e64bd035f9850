/* image_cmd.h -- the subcommand `qrassh image`, and building images from files
 * of the host.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef VFS_IMAGE_CMD_H
#define VFS_IMAGE_CMD_H

#include "vfs/make.h"

/* argv[0] is "image". The exit status: 0, 1 (failed), 2 (usage). */
int vfs_cmd_image(int argc, char **argv);

/* Adds what a folder of the host or a tar archive holds; "-" is standard
 * input. An archive's names .wh.NAME remove NAME. Of texts, each member is a
 * text, its name the key. 0 or ERR_*. */
int vfs_build_dir(struct vfs_make *m, const char *dir) NODISCARD;
struct vfs_build_stubs { /* files whose path contains one of these are kept as stubs */
    const char *parts[8];
    size_t n;
};
int vfs_build_tar(struct vfs_make *m, const char *file,
                  const struct vfs_build_stubs *stubs) NODISCARD;
int vfs_build_texts(struct vfs_make *m, const char *file) NODISCARD;

#endif
