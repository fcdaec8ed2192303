#define _GNU_SOURCE
#include "identity.h"

#include <fcntl.h>
#include <lifoguard/defer.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { OVERLAY = 0x794C7630 };

/* FAT, exFAT, FUSE, SMB, 9P, shared folders of virtual machines: their inode numbers may change while a directory is in no use. */
static bool numbers_change(const struct statfs *system)
{
    static const unsigned types[] = {0x4D44,     0x2011BAB0, 0x65735546, 0x517B,    0xFF534D42,
                                     0xFE534D42, 0x01021997, 0x786F4256, 0xBACBACBC};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (types[i] == (unsigned)system->f_type)
            return true;
    return false;
}

/* 0: the file system or the kernel does not tell. */
static int64_t birth_of(int directory)
{
    struct statx info;
    if (statx(directory, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BTIME, &info) != 0 ||
        !(info.stx_mask & STATX_BTIME))
        return 0;
    return info.stx_btime.tv_sec * 1000000000 + info.stx_btime.tv_nsec;
}

struct identity identity_of(int directory)
{
    struct stat info;
    struct statfs system;
    if (fstat(directory, &info) != 0 || fstatfs(directory, &system) != 0)
        return (struct identity){0};
    struct identity identity = {.removed = info.st_nlink == 0};
    if (numbers_change(&system))
        return identity;
    identity.inode = (int64_t)info.st_ino;
    identity.vague = (unsigned)system.f_type == OVERLAY;
    identity.device = (int64_t)info.st_dev;
    identity.born = birth_of(directory);
    return identity;
}

struct identity identity_at(const char *path)
{
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return (struct identity){0};
    struct identity identity = identity_of(fd);
    close(fd);
    return identity;
}

struct identity identity_here(void)
{
    return identity_at(".");
}

static bool both_known_and_different(int64_t a, int64_t b)
{
    return a != 0 && b != 0 && a != b;
}

/* Where the birth tells, it tells more. */
static bool other_device(const struct identity *before, const struct identity *now)
{
    return !(before->born && now->born) && major((dev_t)before->device) != 0 &&
           major((dev_t)now->device) != 0 && before->device != now->device;
}

bool identity_differs(const struct identity *before, const struct identity *now, bool rebooted)
{
    bool other_inode = both_known_and_different(before->inode, now->inode);
    bool other_birth = both_known_and_different(before->born, now->born);
    if (before->vague || now->vague)
        return other_inode && other_birth;
    return other_inode || other_birth || (!rebooted && other_device(before, now));
}

bool identity_is_same(const struct identity *before, const struct identity *now)
{
    return before->inode != 0 && now->inode != 0 && !identity_differs(before, now, false);
}

bool identity_is_beside(const struct identity *before, const struct identity *now)
{
    return before->device != 0 && before->device == now->device;
}
