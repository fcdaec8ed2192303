/* Functions of the C library, GLib, D-Bus and OpenSSL that only read what they are passed, as their prototypes say, or take a
 * copy or a reference of their own. */
#include "model.h"
#include "names.h"
#include "once.h"

static const char readers[] =
    "mkstemp mkdtemp link linkat symlink symlinkat mkfifo mknod mknodat chown lchown "
    "fchownat fchmodat utime utimes utimensat truncate mount umount umount2 statx statfs "
    "statvfs pathconf faccessat eaccess euidaccess execve execvp execvpe execl execlp "
    "freopen readlink getxattr lgetxattr fgetxattr setxattr lsetxattr fsetxattr "
    "removexattr listxattr flistxattr getenv unsetenv getpwnam getgrnam getpwnam_r "
    "getgrnam_r gethostbyname getservbyname if_nametoindex inet_aton inet_addr strptime "
    "mktime gmtime localtime gmtime_r localtime_r wcslen wcscmp wcscpy mbstowcs wcstombs "
    "swab strxfrm nanosleep iconv ptsname_r ttyname_r grantpt unlockpt cfsetospeed tcflush "
    "tcsendbreak epoll_ctl epoll_pwait ppoll pselect splice tee vmsplice copy_file_range "
    "preadv pwritev recvmmsg sendmmsg sync_file_range readahead syncfs fexecve "
    "inotify_add_watch inotify_rm_watch timerfd_settime timerfd_gettime g_file_set_contents "
    "g_file_test g_unlink g_remove g_rmdir g_mkdir g_mkdir_with_parents g_rename g_chmod "
    "g_access g_stat g_lstat g_open g_fopen g_creat g_dir_open g_utime g_chdir g_setenv "
    "g_getenv g_unsetenv g_strdup g_strndup g_strconcat g_strdup_printf g_strjoin g_strsplit "
    "g_strsplit_set g_build_filename g_build_path g_path_get_basename g_path_get_dirname "
    "g_path_is_absolute g_ascii_strcasecmp g_ascii_strncasecmp g_ascii_strtoull "
    "g_ascii_strtoll g_ascii_strtod g_ascii_strup g_ascii_strdown g_utf8_strlen "
    "g_utf8_validate g_utf8_strup g_utf8_strdown g_utf8_normalize g_utf8_casefold "
    "g_utf8_collate g_utf8_offset_to_pointer g_strrstr g_strstr_len g_strv_length "
    "g_strv_contains g_string_append g_string_append_len g_string_append_printf g_string_new "
    "g_string_assign g_string_prepend g_string_insert g_message g_warning g_debug g_critical "
    "g_info g_error_matches g_set_error g_set_error_literal g_prefix_error "
    "g_file_new_for_path g_file_new_for_uri g_file_new_for_commandline_arg "
    "g_file_get_contents g_key_file_load_from_file g_key_file_load_from_data "
    "g_key_file_save_to_file g_key_file_get_string g_key_file_get_value "
    "g_key_file_get_boolean g_key_file_get_integer g_key_file_get_groups g_key_file_get_keys "
    "g_key_file_has_group g_key_file_has_key g_key_file_set_string g_key_file_set_value "
    "g_key_file_set_boolean g_key_file_set_integer g_key_file_to_data g_hash_table_lookup "
    "g_hash_table_contains g_hash_table_remove g_hash_table_size g_variant_new_string "
    "g_variant_new_object_path g_variant_new_strv g_variant_is_of_type g_variant_get_string "
    "g_quark_from_string g_intern_string g_regex_match g_regex_match_simple "
    "g_pattern_match_simple g_shell_quote g_shell_parse_argv g_filename_to_uri "
    "g_filename_to_utf8 g_filename_from_utf8 g_markup_escape_text g_uri_escape_string "
    "g_base64_encode g_base64_decode g_compute_checksum_for_string g_checksum_update "
    "g_str_hash g_spawn_command_line_sync g_spawn_command_line_async g_find_program_in_path "
    "g_date_time_format g_time_val_from_iso8601 dbus_message_append_args "
    "dbus_message_get_args dbus_message_iter_init dbus_message_iter_init_append "
    "dbus_message_set_no_reply dbus_message_get_sender dbus_message_get_member "
    "dbus_message_get_path dbus_message_get_type dbus_message_is_error "
    "dbus_message_is_method_call dbus_message_is_signal dbus_connection_send "
    "dbus_connection_send_with_reply dbus_connection_send_with_reply_and_block "
    "dbus_set_error_from_message EVP_DigestInit_ex EVP_DigestUpdate EVP_DigestFinal_ex "
    "EVP_DigestFinal EVP_EncryptInit_ex EVP_DecryptInit_ex EVP_EncryptUpdate "
    "EVP_DecryptUpdate EVP_PKEY_size EVP_PKEY_bits EVP_PKEY_id EVP_PKEY_base_id "
    "X509_get_subject_name X509_get_issuer_name X509_check_host X509_digest X509_cmp "
    "X509_verify_cert i2d_X509 i2d_PUBKEY i2d_PrivateKey PEM_write_X509 PEM_write_bio_X509 "
    "PEM_write_PrivateKey BN_num_bits BN_cmp BN_bn2bin BN_add BN_sub BN_mul BN_mod_exp "
    "BN_is_zero BN_set_word RSA_size RSA_public_encrypt RSA_private_decrypt BIO_read "
    "BIO_write BIO_gets BIO_puts BIO_printf BIO_get_mem_ptr SSL_CTX_use_certificate "
    "SSL_CTX_use_PrivateKey SSL_use_certificate SSL_use_PrivateKey X509_STORE_add_cert "
    "X509_STORE_add_crl EC_POINT_cmp EC_POINT_mul EC_POINT_is_on_curve ASN1_STRING_length "
    "ASN1_STRING_cmp";

/* They copy the error that they are passed; those that are called take_error, propagate_error or return_error own it. */
static const char *const copies_error[] = {"g_error_copy",
                                           "g_simple_async_result_set_from_error",
                                           "g_dbus_method_invocation_return_gerror",
                                           "g_dbus_error_get_remote_error",
                                           "g_dbus_error_encode_gerror",
                                           "g_dbus_error_is_remote_error",
                                           NULL};

bool model_only_reads(const char *name)
{
    if (word_in(name, copies_error))
        return true;
    return word_in_text(name, readers);
}

/* Functions of the C library and of widely used projects that neither keep nor release what they are passed.
 * (EVP_MAC_CTX_new and its like take a reference of their own.) */
static const char users[] =
    "strlen strcmp strncmp strcasecmp strncasecmp memcpy memmove memset memcmp strcpy "
    "strncpy strcat strncat strlcpy strlcat strchr strrchr strstr strspn strcspn strtok "
    "strtok_r strtol strtoul strtoll strtoull atoi atol sscanf snprintf sprintf vsnprintf "
    "printf fprintf vfprintf dprintf puts fputs fputc putc getc fgetc ungetc fgets fread "
    "fwrite fseek fseeko ftell ftello rewind feof ferror fflush fileno setvbuf setbuf "
    "setlinebuf clearerr fscanf getline getdelim read write pread pwrite readv writev lseek "
    "fstat ftruncate fsync fdatasync fchmod fchown flock ioctl fcntl bind listen connect "
    "send sendto sendmsg recv recvfrom recvmsg setsockopt getsockopt getsockname "
    "getpeername shutdown poll select epoll_wait readdir readdir64 rewinddir dirfd fstatat "
    "unlinkat mkdirat readlinkat renameat mmap isatty tcgetattr tcsetattr strerror perror "
    "qsort bsearch toupper tolower access stat lstat unlink remove rename mkdir rmdir chdir "
    "chmod open openat fopen opendir execv setmntent getmntent posix_fadvise fallocate "
    "posix_fallocate sendfile dup2 dup3 strpbrk memchr strnlen strcoll basename dirname "
    "fputs_unlocked fwrite_unlocked error warn warnx syslog FD_SET FD_ISSET FD_CLR FD_ZERO "
    "xread xwrite read_in_full write_in_full loop_read loop_write readn fchdir openat2 "
    "fgetpos fsetpos fread_unlocked ferror_unlocked inet_ntop inet_pton g_strcmp0 "
    "g_str_equal g_printerr g_print strverscmp fnmatch clock_gettime fstatfs fstatvfs "
    "madvise mlock munlock mprotect msync htons ntohs crc32 getnameinfo IS_ERR PTR_ERR "
    "ERR_PTR ARRAY_SIZE STRLEN free_later strftime lockf regexec regerror asprintf "
    "vasprintf strdup strndup setenv strtod strtof strtold strtoimax strtoumax atof atoll "
    "memmem strcasestr explicit_bzero bzero g_str_has_prefix g_str_has_suffix system "
    "posix_spawn posix_spawnp EVP_MAC_CTX_new EVP_KDF_CTX_new EVP_RAND_CTX_new sizeof";

static bool is_harmless(const char *name)
{
    /* Locks of files, as they were asked for. */
    static const char *const locks[] = {"flock LOCK_UN",
                                        "flock LOCK_EX",
                                        "flock LOCK_SH",
                                        "lockf F_ULOCK",
                                        "lockf F_LOCK",
                                        "lockf F_TLOCK",
                                        NULL};
    return word_in_text(name, users) || word_in(name, locks);
}

bool model_known_harmless(const char *name)
{
    return ask_once(is_harmless, name) || ask_once(model_only_reads, name);
}

static bool sounds_harmless(const char *name)
{
    static const char *const words[] = {
        "log",   "debug",  "warn",   "warning", "print", "trace",   "dbg",    "printf", "err",
        "error", "notice", "len",    "length",  "size",  "is",      "has",    "cmp",    "equal",
        "count", "dump",   "strlen", "info",    "quote", "quoteaf", "quotef", NULL};
    return name_has_any(name, words) || name_ends_with(name, "printf"); /* xasprintf */
}

bool model_harmless(const char *name)
{
    return model_known_harmless(name) || ask_once(sounds_harmless, name);
}
