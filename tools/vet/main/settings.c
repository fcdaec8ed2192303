#define _GNU_SOURCE
#include "condition.h"
#include "config.h"
#include "headers.h"
#include "pages.h"
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool complain(const char *text, const char *what)
{
    fprintf(stderr, "lifoguard-vet: %s%s\nTry: lifoguard vet --help\n", text, what);
    return false;
}

static void define(struct arena *arena, const char *name, bool defined)
{
    size_t length = strcspn(name, "=");
    conditions_global(arena_copy(arena, name, length), defined);
}

/* A compiler's flag. Returns how many arguments it takes. */
static int read_flag(struct arena *arena, char **flags, int left)
{
    const char *flag = flags[0];
    static const char *const folders[] = {"-I", "-iquote", "-isystem", "-idirafter", NULL};
    for (const char *const *known = folders; *known; known++) {
        size_t length = strlen(*known);
        if (strncmp(flag, *known, length) != 0)
            continue;
        bool apart = flag[length] == '\0';
        if (apart && left < 2)
            return 1;
        headers_add_folder(apart ? flags[1] : flag + length);
        return apart ? 2 : 1;
    }
    if (flag[0] == '-' && (flag[1] == 'D' || flag[1] == 'U')) {
        bool apart = flag[2] == '\0';
        if (!apart || left > 1)
            define(arena, apart ? flags[1] : flag + 2, flag[1] == 'D');
        return apart ? 2 : 1;
    }
    return 1; /* of no interest to a parser without types */
}

static void read_flags(struct arena *arena, char **flags, int count)
{
    for (int i = 0; i < count; i++)
        config_depend(flags[i]);
    for (int i = 0; i < count;)
        i += read_flag(arena, flags + i, count - i);
}

static bool add_check(struct arena *arena, const char *value, bool on, struct settings *settings)
{
    char *copy = arena_copy(arena, value, strlen(value));
    if (!*value)
        return complain("which check? All checks: lifoguard vet --explain all", "");
    for (char *rest, *name = strtok_r(copy, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
        if (!check_page_find(name))
            return complain("no such check: ", name);
        if (on)
            *ADD(arena, &settings->options.only) = name;
        else
            *ADD(arena, &settings->options.without) = name;
    }
    return true;
}

static bool set_format(const char *value, struct settings *settings)
{
    static const char *const names[] = {"text", "json", "sarif"};
    for (int i = 0; i < 3; i++)
        if (strcmp(names[i], value) == 0) {
            settings->format = (enum format)i;
            return true;
        }
    return complain("--format: text, json or sarif, not ", value);
}

static bool set_jobs(const char *value, struct settings *settings)
{
    char *end;
    long jobs = strtol(value, &end, 10);
    if (end == value || *end || jobs < 1)
        return complain("-j: a number from 1 on, not ", value);
    settings->jobs = jobs < 64 ? (int)jobs : 64;
    return true;
}

static bool set_option(struct arena *arena, const char *name, const char *value,
                       struct settings *settings)
{
    if (strcmp(name, "--format") == 0)
        return set_format(value, settings);
    if (strcmp(name, "--check") == 0 || strcmp(name, "--disable") == 0)
        return add_check(arena, value, strcmp(name, "--check") == 0, settings);
    if (strcmp(name, "--baseline") == 0)
        settings->baseline = value;
    else if (strcmp(name, "--write-baseline") == 0)
        settings->write_baseline = value;
    else if (strcmp(name, "--output") == 0)
        settings->output = value;
    else if (strcmp(name, "--cache") == 0)
        settings->cache = value;
    else if (strcmp(name, "--config") == 0)
        return config_read(arena, value, settings, true);
    else if (strcmp(name, "--jobs") == 0 || strcmp(name, "-j") == 0)
        return set_jobs(value, settings);
    else if (strcmp(name, "-p") == 0)
        settings->compile_commands = value;
    return true;
}

static bool takes_value(const char *name)
{
    static const char *const names[] = {"--format",         "--check",  "--disable", "--baseline",
                                        "--write-baseline", "--output", "--cache",   "--config",
                                        "--jobs",           "-j",       "-p",        NULL};
    return word_in(name, names);
}

static bool set_switch(const char *name, struct settings *settings)
{
    if (strcmp(name, "--all") == 0)
        settings->options.all = true;
    else if (strcmp(name, "--fix") == 0)
        settings->fix = true;
    else if (strcmp(name, "--alone") == 0)
        settings->alone = true;
    else if (strcmp(name, "--no-cache") == 0)
        settings->cache = NULL;
    else if (strcmp(name, "--quiet") == 0 || strcmp(name, "-q") == 0)
        settings->quiet = true;
    else
        return complain("not an option: ", name);
    return true;
}

static const char *usual_cache(struct arena *arena)
{
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (base && *base)
        return arena_format(arena, "%s/lifoguard-vet", base);
    return home && *home ? arena_format(arena, "%s/.cache/lifoguard-vet", home) : NULL;
}

/* --name=VALUE, -jN, -pFOLDER; `value` is NULL if it is the next argument. */
static const char *split_option(struct arena *arena, const char *argument, const char **value)
{
    bool is_long = strncmp(argument, "--", 2) == 0;
    const char *equals = strchr(argument, '=');
    *value = NULL;
    if (is_long && equals)
        *value = equals + 1;
    else if (!is_long && argument[2])
        *value = argument + 2 + (argument[2] == '=');
    if (!*value)
        return argument;
    return arena_copy(arena, argument, is_long ? (size_t)(equals - argument) : 2);
}

bool settings_read(struct arena *arena, int count, char **arguments, struct settings *settings)
{
    settings->jobs = (int)sysconf(_SC_NPROCESSORS_ONLN);
    settings->cache = usual_cache(arena);
    if (!config_read(arena, ".lifoguard-vet", settings, false))
        return false;
    for (int i = 0; i < count; i++) {
        char *argument = arguments[i];
        if (strcmp(argument, "--") == 0) {
            if (settings->inputs.count > 0 || settings->compile_commands)
                read_flags(arena, arguments + i + 1, count - i - 1);
            else
                settings->wrapped = arguments + i + 1;
            break;
        }
        if (argument[0] != '-' || argument[1] == '\0') {
            *ADD(arena, &settings->inputs) = argument;
            continue;
        }
        const char *value, *name = split_option(arena, argument, &value);
        bool ok;
        if (!takes_value(name))
            ok = set_switch(argument, settings);
        else if (value)
            ok = set_option(arena, name, value, settings);
        else if (i + 1 < count)
            ok = set_option(arena, name, arguments[++i], settings);
        else
            ok = complain("a value is missing after ", name);
        if (!ok)
            return false;
    }
    if (settings->inputs.count == 0 && !settings->compile_commands &&
        !(settings->wrapped && settings->wrapped[0]))
        return complain("which FILE is to be checked?", "");
    return true;
}
