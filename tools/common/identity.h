/* Which directory it is, whatever path leads there: so that a cleanup (`rm -rf *`, say) does not run in another one that has taken the
 * path of its own meanwhile.
 *
 * Where inode numbers are used again at once (ext4), the time of birth tells one directory from the next. Some file systems
 * make up the numbers anew while they are mounted (FAT, FUSE, SMB): there, a directory has no identity, and the path decides. */
#ifndef LIFOGUARD_COMMON_IDENTITY_H
#define LIFOGUARD_COMMON_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

struct identity {
    /* All 0: not known. The birth is 0 where it is not told. */
    int64_t device, inode, born;
    bool removed; /* it had no path any more */
    bool
        vague; /* either may change alone: the birth when it is first written to, the inode while it is in no use (overlays) */
};

/* Of an open directory; O_PATH is enough. */
struct identity identity_of(int directory);

/* Of the one with this path. */
struct identity identity_at(const char *path);

/* Of the working directory. */
struct identity identity_here(void);

/* Numbers of devices hold for one boot, and for one mount if there is no device behind it; with `rebooted`, `before` is of an
 * earlier boot. What is not known is no difference. */
bool identity_differs(const struct identity *before, const struct identity *now, bool rebooted);

/* Both are known, and the same. */
bool identity_is_same(const struct identity *before, const struct identity *now);

/* Both are of one file system, as far as this can be told: one was not mounted over the other. */
bool identity_is_beside(const struct identity *before, const struct identity *now);

#endif
