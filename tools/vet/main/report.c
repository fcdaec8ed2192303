/* Findings as text like a compiler's, as JSON, and as SARIF 2.1.0. */
#define _GNU_SOURCE
#include "pages.h"
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *level_name(enum level level)
{
    return level == LEVEL_SURE ? "sure" : level == LEVEL_LIKELY ? "likely" : "all";
}

static void put_text(FILE *out, const struct finding *finding)
{
    fprintf(out, "%s:%d:%d: warning: %s [%s]\n", finding->file, finding->line, finding->column,
            finding->message, finding->check);
    EACH (note, &finding->notes)
        fprintf(out, "%s:%d:%d: note: %s\n", finding->file, note->line, note->column, note->text);
    if (finding->advice)
        fprintf(out, "%s:%d:%d: note: to mend it, %s\n", finding->file, finding->line,
                finding->column, finding->advice);
}

/* ---- JSON --------------------------------------------------------------------------------------- */

/* The length of the UTF-8 sequence; 0: these bytes are none, as in a source that has another encoding. */
static int sequence(const unsigned char *at)
{
    int length = *at < 0x80   ? 1
                 : *at < 0xc2 ? 0
                 : *at < 0xe0 ? 2
                 : *at < 0xf0 ? 3
                 : *at < 0xf5 ? 4
                              : 0;
    for (int i = 1; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    bool too_long = (*at == 0xe0 && at[1] < 0xa0) || (*at == 0xf0 && at[1] < 0x90);
    bool no_character = (*at == 0xed && at[1] >= 0xa0) || (*at == 0xf4 && at[1] >= 0x90);
    return too_long || no_character ? 0 : length;
}

static void put_string(FILE *out, const char *text)
{
    putc('"', out);
    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        int length = sequence(at);
        if (length == 0)
            fputs("\\ufffd", out);
        else if (*at == '"' || *at == '\\')
            fprintf(out, "\\%c", *at);
        else if (*at < 0x20 || *at == 0x7f)
            fprintf(out, "\\u%04x", *at);
        else
            fwrite(at, 1, (size_t)length, out);
        at += length > 0 ? length : 1;
    }
    putc('"', out);
}

static void put_json_notes(FILE *out, const struct finding *finding)
{
    const char *comma = "";
    EACH (note, &finding->notes) {
        fprintf(out, "%s{\"line\": %d, \"column\": %d, \"message\": ", comma, note->line,
                note->column);
        put_string(out, note->text);
        fputs("}", out);
        comma = ", ";
    }
}

static void put_json(FILE *out, const struct finding *finding, const char *comma)
{
    fprintf(out, "%s\n  {\"check\": \"%s\", \"level\": \"%s\", \"file\": ", comma, finding->check,
            level_name(finding->level));
    put_string(out, finding->file);
    fputs(", \"function\": ", out);
    put_string(out, finding->function ? finding->function : "");
    fprintf(out,
            ", \"line\": %d, \"column\": %d, \"key\": \"%016llx\", \"message\": ", finding->line,
            finding->column, (unsigned long long)finding->key);
    put_string(out, finding->message);
    if (finding->advice) {
        fputs(", \"advice\": ", out);
        put_string(out, finding->advice);
    }
    fputs(", \"notes\": [", out);
    put_json_notes(out, finding);
    fputs("]}", out);
}

/* ---- SARIF -------------------------------------------------------------------------------------- */

static void put_uri(FILE *out, const char *path)
{
    putc('"', out);
    if (path[0] == '/')
        fputs("file://", out);
    for (const unsigned char *at = (const unsigned char *)path; *at; at++)
        if (strchr(" \"%<>\\^`{|}?#[]", *at) || *at < 0x20 || *at >= 0x7f)
            fprintf(out, "%%%02X", *at);
        else
            putc(*at, out);
    putc('"', out);
}

static void put_location(FILE *out, const struct finding *finding, int line, int column,
                         const char *message)
{
    fputs("{\"physicalLocation\": {\"artifactLocation\": {\"uri\": ", out);
    put_uri(out, finding->file);
    fprintf(out, "}, \"region\": {\"startLine\": %d, \"startColumn\": %d}}", line > 0 ? line : 1,
            column > 0 ? column : 1);
    if (message) {
        fputs(", \"message\": {\"text\": ", out);
        put_string(out, message);
        fputs("}", out);
    }
    fputs("}", out);
}

static void put_flow(FILE *out, const struct finding *finding)
{
    fputs(", \"codeFlows\": [{\"threadFlows\": [{\"locations\": [", out);
    EACH (note, &finding->notes) {
        fputs("{\"location\": ", out);
        put_location(out, finding, note->line, note->column, note->text);
        fputs("}, ", out);
    }
    fputs("{\"location\": ", out);
    put_location(out, finding, finding->line, finding->column, finding->message);
    fputs("}]}]}]", out);
}

static int rule_index(const char *check)
{
    for (int i = 0; i < check_page_count; i++)
        if (strcmp(check_pages[i].name, check) == 0)
            return i;
    return 0;
}

static void put_sarif(FILE *out, const struct finding *finding, const char *comma)
{
    fprintf(
        out,
        "%s\n{\"ruleId\": \"%s\", \"ruleIndex\": %d, \"level\": \"%s\", \"message\": {\"text\": ",
        comma, finding->check, rule_index(finding->check),
        finding->level == LEVEL_ALL ? "note" : "warning");
    put_string(out, finding->message);
    fputs("}, \"locations\": [", out);
    put_location(out, finding, finding->line, finding->column, NULL);
    fprintf(out, "], \"partialFingerprints\": {\"lifoguardVet/v1\": \"%016llx\"}",
            (unsigned long long)finding->key);
    if (finding->notes.count > 0)
        put_flow(out, finding);
    if (finding->suppressed) {
        fputs(", \"suppressions\": [{\"kind\": \"inSource\", \"justification\": ", out);
        put_string(out, finding->suppressed);
        fputs("}]", out);
    }
    fputs("}", out);
}

static void put_rules(FILE *out)
{
    for (int i = 0; i < check_page_count; i++) {
        const char *page = check_pages[i].page, *title_end = strchr(page, '\n');
        const char *text = title_end ? title_end + strspn(title_end, "\n") : page;
        fprintf(out, "%s\n{\"id\": \"%s\", \"shortDescription\": {\"text\": ", i ? "," : "",
                check_pages[i].name);
        char first[300];
        snprintf(first, sizeof(first), "%.*s", (int)strcspn(text, "\n"), text);
        put_string(out, first);
        fputs("}, \"help\": {\"text\": ", out);
        put_string(out, page);
        fputs("}}", out);
    }
}

static void begin(FILE *out, enum format format)
{
    if (format == FORMAT_JSON)
        fputs("[", out);
    if (format != FORMAT_SARIF)
        return;
    fputs(
        "{\"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\", \"version\": \"2.1.0\", \"runs\": [{\"tool\": "
        "{\"driver\": {\"name\": \"lifoguard-vet\", \"rules\": [",
        out);
    put_rules(out);
    fputs("]}}, \"columnKind\": \"utf16CodeUnits\", \"results\": [", out);
}

static void end(FILE *out, enum format format, const result_vec *results)
{
    if (format == FORMAT_JSON)
        fputs("\n]\n", out);
    if (format != FORMAT_SARIF)
        return;
    bool broken = false;
    EACH (result, results)
        broken |= result->broken;
    fprintf(out, "], \"invocations\": [{\"executionSuccessful\": %s}]}]}\n",
            broken ? "false" : "true");
}

static void put_all(FILE *out, enum format format, const result_vec *results)
{
    const char *comma = "";
    begin(out, format);
    EACH (result, results)
        EACH (finding, &result->findings) {
            if (finding->suppressed && format != FORMAT_SARIF)
                continue;
            if (format == FORMAT_TEXT)
                put_text(out, finding);
            else if (format == FORMAT_JSON)
                put_json(out, finding, comma);
            else
                put_sarif(out, finding, comma);
            comma = ",";
        }
    end(out, format, results);
}

bool report(const struct settings *settings, const result_vec *results)
{
    EACH (result, results)
        if (result->broken)
            fprintf(stderr, "lifoguard-vet: %s: %s\n", result->path, result->problem);
    FILE *out = settings->output ? fopen(settings->output, "we") : stdout;
    if (!out) {
        fprintf(stderr, "lifoguard-vet: %s: %s\n", settings->output, strerror(errno));
        return false;
    }
    put_all(out, settings->format, results);
    bool ok = fflush(out) == 0 && !ferror(out);
    if (settings->output)
        ok &= fclose(out) == 0;
    if (!ok)
        fprintf(stderr, "lifoguard-vet: the report could not be written\n");
    return ok;
}
