# embed.awk docs/vet/*.md: C source of the array of pages.
# The C standard promises strings of 4,095 characters; gcc and clang take longer ones.
BEGIN { print "#include \"pages.h\"\n\n#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n\nconst struct check_page check_pages[] = {" }
FNR == 1 {
    if (NR > 1)
        print "    },"
    name = FILENAME
    sub(/.*\//, "", name)
    sub(/\.md$/, "", name)
    printf "    {\"%s\",\n", name
}
{
    gsub(/\\/, "\\\\")
    gsub(/"/, "\\\"")
    printf "     \"%s\\n\"\n", $0
}
END { print "    },\n};\nconst int check_page_count = sizeof(check_pages) / sizeof(*check_pages);" }
