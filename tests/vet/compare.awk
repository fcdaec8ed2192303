# compare.awk FIXTURE FINDINGS: every finding must be expected, every expectation found.
FNR == NR {
    if (match($0, /\/\/ want: .*/)) {
        n = split(substr($0, RSTART + 9), names, /, */)
        for (i = 1; i <= n; i++) {
            wants++
            sub(/[ \t\r]+$/, "", names[i])
            want_line[wants] = FNR
            want_name[wants] = names[i]
        }
    }
    next
}
match($0, /^[^: ]+:[0-9]+:[0-9]+: (warning|note): /) {
    split($0, part, ":")
    if ($0 ~ /: warning: /) {
        findings++
        text[findings] = $0
        match($0, /\[[a-z-]+\]$/)
        name[findings] = substr($0, RSTART + 1, RLENGTH - 2)
    }
    if (findings)
        lines[findings] = lines[findings] " " part[2] " "
}
END {
    bad = 0
    for (w = 1; w <= wants; w++) {
        for (f = 1; f <= findings; f++)
            if (!used[f] && name[f] == want_name[w] && index(lines[f], " " want_line[w] " ")) {
                used[f] = 1
                break
            }
        if (f > findings) {
            printf "%s:%d: missed: %s\n", file, want_line[w], want_name[w]
            bad = 1
        }
    }
    for (f = 1; f <= findings; f++)
        if (!used[f]) {
            printf "unexpected: %s\n", text[f]
            bad = 1
        }
    exit bad
}
