/* image.h -- the disk image: a whole Debian tree in one read-only file, mapped
 * once and shared by all machines.
 *
 * Besides the tree it holds texts by key: the long outputs of Debian's
 * programs, recorded when the image was built, and properties of the tree.
 *
 *   "ls --help"          what the command line wrote to standard output
 *   "ls --help#2"        and to standard error
 *   "ls --help#rc"       its exit status in decimal, if not 0
 *   "help cd"            bash's help; also "help -s cd", "help -d cd", "help"
 *   "busybox wget --help#2", "busybox --list", "ssh -V#2", "perl -v", ...
 *   "property:NAME"      debian-version (12.11), sshd-version (9.2p1
 *                        Debian-2+deb12u6), bash-version, libc-version, kernel
 *                        (6.1.0-37-amd64), kernel-string (as in vmlinuz: release,
 *                        maker, #1 SMP ...), kernel-package, kernel-built and
 *                        installed (seconds since 1970), packages (lines of name,
 *                        version, architecture)
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef VFS_IMAGE_H
#define VFS_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "vfs/vfs.h"

struct vfs_image;

/* Maps and checks an image file or memory (which must outlive it). 0 or ERR_*;
 * why (may be NULL) gets one line for the operator. */
int vfs_image_open(const char *path, struct vfs_image **out, char *why, size_t why_n) NODISCARD;
int vfs_image_wrap(const void *mem, size_t n, struct vfs_image **out) NODISCARD;
void vfs_image_close(struct vfs_image *im);

/* The numbers of the image's inodes are below this. */
uint64_t vfs_image_inodes(const struct vfs_image *im);
uint64_t vfs_image_id(const struct vfs_image *im); /* differs between any two trees */
/* The text recorded under key, NUL-terminated after *n bytes; NULL if absent. */
const char *vfs_image_text(const struct vfs_image *im, const char *key, size_t *n);
/* The i-th key in order, NULL beyond the last. */
const char *vfs_image_text_key(const struct vfs_image *im, uint64_t i);
/* Contents of a regular file of the image in place; NULL if ino is none. */
const void *vfs_image_data(const struct vfs_image *im, uint64_t ino, size_t *n);
/* Walks an absolute path without following a last symlink: number or 0. */
uint64_t vfs_image_find(const struct vfs_image *im, const char *path);

/* The small built-in tree, for tests and for when no package source can be
 * reached. Never fails. */
const struct vfs_image *vfs_image_builtin(void);

#endif
