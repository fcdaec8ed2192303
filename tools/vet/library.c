/* Functions of widely used libraries that give their caller something of its own, and what releases it. */
#include "model.h"

#include "names.h"
#include "once.h"

#include <stddef.h>
#include <string.h>

#define RESULT -1
#define NUL FAILS_NULL
#define STATUS FAILS_STATUS

static const struct library_acquirer {
    const char *name;
    short argument;
    short failure;
    const char *release;
} acquirers[] = {
    /* POSIX and glibc */
    {"fts_open", RESULT, NUL, "fts_close"},
    {"iconv_open", RESULT, FAILS_NEGATIVE, "iconv_close"},
    {"sem_open", RESULT, NUL, "sem_close"},
    {"mq_open", RESULT, FAILS_NEGATIVE, "mq_close"},
    {"getaddrinfo", 3, STATUS, "freeaddrinfo"},
    {"getifaddrs", 0, STATUS, "freeifaddrs"},
    {"dlopen", RESULT, NUL, "dlclose"},
    {"regcomp", 0, STATUS, "regfree"},
    {"newlocale", RESULT, NUL, "freelocale"},
    {"catopen", RESULT, FAILS_NEGATIVE, "catclose"},
    {"duplocale", RESULT, NUL, "freelocale"},
    {"shmat", RESULT, FAILS_NEGATIVE, "shmdt"},
    {"posix_spawn_file_actions_init", 0, STATUS, "posix_spawn_file_actions_destroy"},
    {"posix_spawnattr_init", 0, STATUS, "posix_spawnattr_destroy"},
    {"pthread_attr_init", 0, STATUS, "pthread_attr_destroy"},
    {"pthread_mutexattr_init", 0, STATUS, "pthread_mutexattr_destroy"},
    {"pthread_condattr_init", 0, STATUS, "pthread_condattr_destroy"},
    {"glob", 3, STATUS, "globfree"},
    {"wordexp", 1, STATUS, "wordfree"},
    {"timer_create", 2, STATUS, "timer_delete"},
    {"getgrouplist_alloc", RESULT, NUL, "free"},
    {"gzopen", RESULT, NUL, "gzclose"},
    {"gzdopen", RESULT, NUL, "gzclose"},
    {"acl_get_file", RESULT, NUL, "acl_free"},
    {"acl_get_fd", RESULT, NUL, "acl_free"},
    {"acl_from_text", RESULT, NUL, "acl_free"},
    {"acl_to_text", RESULT, NUL, "acl_free"},
    {"acl_dup", RESULT, NUL, "acl_free"},
    {"cap_get_proc", RESULT, NUL, "cap_free"},
    {"cap_get_file", RESULT, NUL, "cap_free"},
    {"cap_from_text", RESULT, NUL, "cap_free"},
    {"cap_init", RESULT, NUL, "cap_free"},
    {"cap_dup", RESULT, NUL, "cap_free"},
    {"getcon", 0, STATUS, "freecon"},
    {"getfilecon", 1, STATUS, "freecon"},
    {"lgetfilecon", 1, STATUS, "freecon"},
    {"fgetfilecon", 1, STATUS, "freecon"},
    {"matchpathcon", 2, STATUS, "freecon"},
    {"selabel_open", RESULT, NUL, "selabel_close"},
    {"selabel_lookup", 1, STATUS, "freecon"},
    {"selabel_lookup_raw", 1, STATUS, "freecon"},
    /* Linux kernel */
    {"of_find_node_by_name", RESULT, NUL, "of_node_put"},
    {"of_find_node_by_path", RESULT, NUL, "of_node_put"},
    {"of_find_node_by_type", RESULT, NUL, "of_node_put"},
    {"of_find_node_by_phandle", RESULT, NUL, "of_node_put"},
    {"of_find_compatible_node", RESULT, NUL, "of_node_put"},
    {"of_find_matching_node", RESULT, NUL, "of_node_put"},
    {"of_get_child_by_name", RESULT, NUL, "of_node_put"},
    {"of_get_parent", RESULT, NUL, "of_node_put"},
    {"of_parse_phandle", RESULT, NUL, "of_node_put"},
    {"of_find_device_by_node", RESULT, NUL, "put_device"},
    {"bus_find_device", RESULT, NUL, "put_device"},
    {"class_find_device", RESULT, NUL, "put_device"},
    {"pci_get_device", RESULT, NUL, "pci_dev_put"},
    {"pci_get_domain_bus_and_slot", RESULT, NUL, "pci_dev_put"},
    {"dev_get_by_name", RESULT, NUL, "dev_put"},
    {"dev_get_by_index", RESULT, NUL, "dev_put"},
    {"get_task_mm", RESULT, NUL, "mmput"},
    {"get_pid_task", RESULT, NUL, "put_task_struct"},
    {"find_get_pid", RESULT, NUL, "put_pid"},
    {"fwnode_get_named_child_node", RESULT, NUL, "fwnode_handle_put"},
    {"alloc_workqueue", RESULT, NUL, "destroy_workqueue"},
    {"dma_request_chan", RESULT, NUL, "dma_release_channel"},
    {"alloc_netdev", RESULT, NUL, "free_netdev"},
    {"alloc_etherdev", RESULT, NUL, "free_netdev"},
    {"ioremap", RESULT, NUL, "iounmap"},
    {"regulator_get", RESULT, NUL, "regulator_put"},
    {"clk_get", RESULT, NUL, "clk_put"},
    {"gpiod_get", RESULT, NUL, "gpiod_put"},
    {"crypto_alloc_shash", RESULT, NUL, "crypto_free_shash"},
    {"crypto_alloc_skcipher", RESULT, NUL, "crypto_free_skcipher"},
    {"alloc_skb", RESULT, NUL, "kfree_skb"},
    {"alloc_page", RESULT, NUL, NULL},
    {"request_firmware", 0, STATUS, "release_firmware"},
    {"bdev_file_open_by_path", RESULT, NUL, NULL},
    /* OpenSSL's fetched algorithms */
    {"EVP_RAND_fetch", RESULT, NUL, "EVP_RAND_free"},
    {"EVP_KEM_fetch", RESULT, NUL, "EVP_KEM_free"},
    {"EVP_SIGNATURE_fetch", RESULT, NUL, "EVP_SIGNATURE_free"},
    {"EVP_KEYMGMT_fetch", RESULT, NUL, "EVP_KEYMGMT_free"},
    {"OSSL_PROVIDER_load", RESULT, NUL, "OSSL_PROVIDER_unload"},
    {"kmod_module_get_module", RESULT, NUL, "kmod_module_unref"},
    /* GLib */
    {"g_dir_open", RESULT, NUL, "g_dir_close"},
    {"g_key_file_new", RESULT, FAILS_NEVER, "g_key_file_free"},
    {"g_strsplit", RESULT, FAILS_NEVER, "g_strfreev"},
    {"g_strsplit_set", RESULT, FAILS_NEVER, "g_strfreev"},
    {"g_strdupv", RESULT, NUL, "g_strfreev"},
    {"g_regex_new", RESULT, NUL, "g_regex_unref"},
    {"g_bytes_new", RESULT, FAILS_NEVER, "g_bytes_unref"},
    {"g_timer_new", RESULT, FAILS_NEVER, "g_timer_destroy"},
    {"g_main_loop_new", RESULT, FAILS_NEVER, "g_main_loop_unref"},
    {"g_date_time_new_now_utc", RESULT, NUL, "g_date_time_unref"},
    {"g_date_time_new_now_local", RESULT, NUL, "g_date_time_unref"},
    {"g_date_time_new_from_unix_utc", RESULT, NUL, "g_date_time_unref"},
    {"g_mapped_file_new", RESULT, NUL, "g_mapped_file_unref"},
    {"g_hmac_new", RESULT, NUL, "g_hmac_unref"},
    {"g_rand_new", RESULT, FAILS_NEVER, "g_rand_free"},
    {"g_option_context_new", RESULT, FAILS_NEVER, "g_option_context_free"},
    {"g_checksum_new", RESULT, NUL, "g_checksum_free"},
    {"g_file_new_for_path", RESULT, FAILS_NEVER, "g_object_unref"},
    {"g_build_filename", RESULT, FAILS_NEVER, "g_free"},
    {"g_path_get_basename", RESULT, FAILS_NEVER, "g_free"},
    {"g_path_get_dirname", RESULT, FAILS_NEVER, "g_free"},
    {"g_get_current_dir", RESULT, FAILS_NEVER, "g_free"},
    {"g_markup_escape_text", RESULT, FAILS_NEVER, "g_free"},
    {"g_uri_escape_string", RESULT, FAILS_NEVER, "g_free"},
    {"g_base64_encode", RESULT, FAILS_NEVER, "g_free"},
    {"g_base64_decode", RESULT, FAILS_NEVER, "g_free"},
    {"g_variant_get_child_value", RESULT, FAILS_NEVER, "g_variant_unref"},
    {"g_variant_lookup_value", RESULT, NUL, "g_variant_unref"},
    {"g_variant_iter_new", RESULT, FAILS_NEVER, "g_variant_iter_free"},
    {"g_dbus_connection_call_sync", RESULT, NUL, "g_variant_unref"},
    {"g_dbus_connection_call_finish", RESULT, NUL, "g_variant_unref"},
    {"g_dbus_proxy_call_sync", RESULT, NUL, "g_variant_unref"},
    {"g_dbus_proxy_call_finish", RESULT, NUL, "g_variant_unref"},
    {"g_file_get_contents", 1, STATUS, "g_free"},
    /* D-Bus, systemd */
    {"dbus_message_new_method_call", RESULT, NUL, "dbus_message_unref"},
    {"dbus_message_new_method_return", RESULT, NUL, "dbus_message_unref"},
    {"dbus_message_new_signal", RESULT, NUL, "dbus_message_unref"},
    {"dbus_message_new_error", RESULT, NUL, "dbus_message_unref"},
    {"dbus_message_copy", RESULT, NUL, "dbus_message_unref"},
    {"dbus_connection_send_with_reply_and_block", RESULT, NUL, "dbus_message_unref"},
    {"sd_bus_open_system", 0, STATUS, "sd_bus_unref"},
    {"sd_bus_open_user", 0, STATUS, "sd_bus_unref"},
    {"sd_bus_message_new_method_call", 1, STATUS, "sd_bus_message_unref"},
    {"sd_journal_open", 0, STATUS, "sd_journal_close"},
    {"sd_bus_default_system", 0, STATUS, "sd_bus_unref"},
    {"sd_bus_default_user", 0, STATUS, "sd_bus_unref"},
    {"sd_bus_message_new_signal", 1, STATUS, "sd_bus_message_unref"},
    {"sd_bus_message_new_method_return", 1, STATUS, "sd_bus_message_unref"},
    {"sd_event_default", 0, STATUS, "sd_event_unref"},
    {"sd_event_new", 0, STATUS, "sd_event_unref"},
    {"sd_device_new_from_syspath", 0, STATUS, "sd_device_unref"},
    {"sd_device_new_from_devnum", 0, STATUS, "sd_device_unref"},
    {"sd_device_enumerator_new", 0, STATUS, "sd_device_enumerator_unref"},
    {"sd_netlink_open", 0, STATUS, "sd_netlink_unref"},
    {"udev_new", RESULT, NUL, "udev_unref"},
    {"udev_device_new_from_syspath", RESULT, NUL, "udev_device_unref"},
    {"udev_device_new_from_devnum", RESULT, NUL, "udev_device_unref"},
    {"udev_device_new_from_subsystem_sysname", RESULT, NUL, "udev_device_unref"},
    {"udev_enumerate_new", RESULT, NUL, "udev_enumerate_unref"},
    {"udev_monitor_new_from_netlink", RESULT, NUL, "udev_monitor_unref"},
    /* OpenSSL */
    {"BIO_new", RESULT, NUL, "BIO_free"},
    {"BIO_new_file", RESULT, NUL, "BIO_free"},
    {"BIO_new_mem_buf", RESULT, NUL, "BIO_free"},
    {"BN_new", RESULT, NUL, "BN_free"},
    {"BN_CTX_new", RESULT, NUL, "BN_CTX_free"},
    {"BN_bin2bn", RESULT, NUL, "BN_free"},
    {"RSA_new", RESULT, NUL, "RSA_free"},
    {"EC_KEY_new", RESULT, NUL, "EC_KEY_free"},
    {"EC_KEY_new_by_curve_name", RESULT, NUL, "EC_KEY_free"},
    {"EC_POINT_new", RESULT, NUL, "EC_POINT_free"},
    {"EVP_MD_CTX_new", RESULT, NUL, "EVP_MD_CTX_free"},
    {"EVP_CIPHER_CTX_new", RESULT, NUL, "EVP_CIPHER_CTX_free"},
    {"EVP_PKEY_CTX_new", RESULT, NUL, "EVP_PKEY_CTX_free"},
    {"EVP_PKEY_CTX_new_id", RESULT, NUL, "EVP_PKEY_CTX_free"},
    {"EVP_PKEY_new", RESULT, NUL, "EVP_PKEY_free"},
    {"EVP_MAC_fetch", RESULT, NUL, "EVP_MAC_free"},
    {"EVP_MAC_CTX_new", RESULT, NUL, "EVP_MAC_CTX_free"},
    {"EVP_MD_fetch", RESULT, NUL, "EVP_MD_free"},
    {"EVP_CIPHER_fetch", RESULT, NUL, "EVP_CIPHER_free"},
    {"EVP_KDF_fetch", RESULT, NUL, "EVP_KDF_free"},
    {"HMAC_CTX_new", RESULT, NUL, "HMAC_CTX_free"},
    {"SSL_CTX_new", RESULT, NUL, "SSL_CTX_free"},
    {"SSL_new", RESULT, NUL, "SSL_free"},
    {"SSL_get_peer_certificate", RESULT, NUL, "X509_free"},
    {"SSL_get1_peer_certificate", RESULT, NUL, "X509_free"},
    {"SSL_get1_session", RESULT, NUL, "SSL_SESSION_free"},
    {"X509_get_pubkey", RESULT, NUL, "EVP_PKEY_free"},
    {"X509_STORE_new", RESULT, NUL, "X509_STORE_free"},
    {"X509_STORE_CTX_new", RESULT, NUL, "X509_STORE_CTX_free"},
    {"X509_new", RESULT, NUL, "X509_free"},
    {"X509_dup", RESULT, NUL, "X509_free"},
    {"PEM_read_bio_X509", RESULT, NUL, "X509_free"},
    {"PEM_read_X509", RESULT, NUL, "X509_free"},
    {"PEM_read_bio_PrivateKey", RESULT, NUL, "EVP_PKEY_free"},
    {"PEM_read_PrivateKey", RESULT, NUL, "EVP_PKEY_free"},
    /* Kerberos */
    {"krb5_init_context", 0, STATUS, "krb5_free_context"},
    {"krb5_get_profile", 1, STATUS, "profile_release"},
    {"krb5_kt_resolve", 2, STATUS, "krb5_kt_close"},
    {"krb5_kt_default", 1, STATUS, "krb5_kt_close"},
    {"krb5_cc_resolve", 2, STATUS, "krb5_cc_close"},
    {"krb5_cc_default", 1, STATUS, "krb5_cc_close"},
    {"krb5_cc_get_principal", 2, STATUS, "krb5_free_principal"},
    {"krb5_parse_name", 2, STATUS, "krb5_free_principal"},
    {"krb5_copy_principal", 2, STATUS, "krb5_free_principal"},
    {"krb5_unparse_name", 2, STATUS, "krb5_free_unparsed_name"},
    {"krb5_get_default_realm", 1, STATUS, "krb5_free_default_realm"},
    /* XML, JSON, SQL, network, patterns */
    {"xmlReadFile", RESULT, NUL, "xmlFreeDoc"},
    {"xmlReadMemory", RESULT, NUL, "xmlFreeDoc"},
    {"xmlParseFile", RESULT, NUL, "xmlFreeDoc"},
    {"xmlNewDoc", RESULT, NUL, "xmlFreeDoc"},
    {"xmlGetProp", RESULT, NUL, "xmlFree"},
    {"xmlNodeGetContent", RESULT, NUL, "xmlFree"},
    {"xmlXPathNewContext", RESULT, NUL, "xmlXPathFreeContext"},
    {"xmlXPathEvalExpression", RESULT, NUL, "xmlXPathFreeObject"},
    {"xmlXPathEval", RESULT, NUL, "xmlXPathFreeObject"},
    {"xmlBufferCreate", RESULT, NUL, "xmlBufferFree"},
    {"xmlNodeListGetString", RESULT, NUL, "xmlFree"},
    {"xmlNewTextWriterFilename", RESULT, NUL, "xmlFreeTextWriter"},
    {"xmlReaderForFile", RESULT, NUL, "xmlFreeTextReader"},
    {"xmlNewParserCtxt", RESULT, NUL, "xmlFreeParserCtxt"},
    {"xmlCreatePushParserCtxt", RESULT, NUL, "xmlFreeParserCtxt"},
    {"htmlReadFile", RESULT, NUL, "xmlFreeDoc"},
    {"htmlReadMemory", RESULT, NUL, "xmlFreeDoc"},
    {"XML_ParserCreate", RESULT, NUL, "XML_ParserFree"},
    {"cJSON_Parse", RESULT, NUL, "cJSON_Delete"},
    {"cJSON_Print", RESULT, NUL, NULL},
    {"json_tokener_parse", RESULT, NUL, "json_object_put"},
    {"json_object_from_file", RESULT, NUL, "json_object_put"},
    {"json_loads", RESULT, NUL, "json_decref"},
    {"json_load_file", RESULT, NUL, "json_decref"},
    {"sqlite3_open", 1, STATUS, "sqlite3_close"},
    {"sqlite3_open_v2", 1, STATUS, "sqlite3_close"},
    {"sqlite3_prepare_v2", 3, STATUS, "sqlite3_finalize"},
    {"sqlite3_mprintf", RESULT, NUL, "sqlite3_free"},
    {"curl_easy_init", RESULT, NUL, "curl_easy_cleanup"},
    {"curl_multi_init", RESULT, NUL, "curl_multi_cleanup"},
    {"curl_easy_escape", RESULT, NUL, "curl_free"},
    {"curl_easy_unescape", RESULT, NUL, "curl_free"},
    {"curl_share_init", RESULT, NUL, "curl_share_cleanup"},
    {"curl_mime_init", RESULT, NUL, "curl_mime_free"},
    {"mysql_store_result", RESULT, NUL, "mysql_free_result"},
    {"mysql_use_result", RESULT, NUL, "mysql_free_result"},
    {"PQconnectdb", RESULT, NUL, "PQfinish"},
    {"PQexec", RESULT, NUL, "PQclear"},
    {"PQexecParams", RESULT, NUL, "PQclear"},
    {"luaL_newstate", RESULT, NUL, "lua_close"},
    {"archive_read_new", RESULT, NUL, "archive_read_free"},
    {"archive_write_new", RESULT, NUL, "archive_write_free"},
    {"archive_entry_new", RESULT, NUL, "archive_entry_free"},
    {"archive_match_new", RESULT, NUL, "archive_match_free"},
    {"zip_open", RESULT, NUL, "zip_close"},
    {"BZ2_bzopen", RESULT, NUL, "BZ2_bzclose"},
    {"BZ2_bzReadOpen", RESULT, NUL, NULL},
    {"gdImageCreate", RESULT, NUL, "gdImageDestroy"},
    {"gdImageCreateTrueColor", RESULT, NUL, "gdImageDestroy"},
    {"SDL_LoadBMP", RESULT, NUL, "SDL_FreeSurface"},
    {"SDL_CreateRGBSurface", RESULT, NUL, "SDL_FreeSurface"},
    {"SDL_CreateWindow", RESULT, NUL, "SDL_DestroyWindow"},
    {"SDL_CreateTextureFromSurface", RESULT, NUL, "SDL_DestroyTexture"},
    {"XOpenDisplay", RESULT, NUL, "XCloseDisplay"},
    {"libusb_open_device_with_vid_pid", RESULT, NUL, "libusb_close"},
    {"libusb_open", 1, STATUS, "libusb_close"},
    {"av_frame_alloc", RESULT, NUL, "av_frame_free"},
    {"av_packet_alloc", RESULT, NUL, "av_packet_free"},
    {"avcodec_alloc_context3", RESULT, NUL, "avcodec_free_context"},
    {"FT_Init_FreeType", 0, STATUS, "FT_Done_FreeType"},
    {"FT_New_Face", 3, STATUS, "FT_Done_Face"},
    {"pam_start", 3, STATUS, "pam_end"},
    {"blkid_new_probe_from_filename", RESULT, NUL, "blkid_free_probe"},
    {"blkid_new_probe", RESULT, NUL, "blkid_free_probe"},
    {"mnt_new_table", RESULT, NUL, "mnt_unref_table"},
    {"mnt_new_table_from_file", RESULT, NUL, "mnt_unref_table"},
    {"mnt_new_iter", RESULT, NUL, "mnt_free_iter"},
    {"mnt_new_context", RESULT, NUL, "mnt_free_context"},
    {"git_repository_open", 0, STATUS, "git_repository_free"},
    {"git_repository_index", 0, STATUS, "git_index_free"},
    {"git_revwalk_new", 0, STATUS, "git_revwalk_free"},
    {"git_commit_lookup", 0, STATUS, "git_commit_free"},
    {"ibv_open_device", RESULT, NUL, "ibv_close_device"},
    {"ibv_alloc_pd", RESULT, NUL, "ibv_dealloc_pd"},
    {"snd_pcm_open", 0, STATUS, "snd_pcm_close"},
    {"curl_url", RESULT, NUL, "curl_url_cleanup"},
    {"event_base_new", RESULT, NUL, "event_base_free"},
    {"evbuffer_new", RESULT, NUL, "evbuffer_free"},
    {"pcap_open_live", RESULT, NUL, "pcap_close"},
    {"pcap_open_offline", RESULT, NUL, "pcap_close"},
    {"pcre_compile", RESULT, NUL, "pcre_free"},
    {"pcre2_compile", RESULT, NUL, "pcre2_code_free"},
    {"pcre2_match_data_create_from_pattern", RESULT, NUL, "pcre2_match_data_free"},
    {"kmod_new", RESULT, NUL, "kmod_unref"},
    {"xmlParseDoc", RESULT, NUL, "xmlFreeDoc"},
    {"g_hash_table_new", RESULT, NUL, "g_hash_table_unref"},
    {"g_hash_table_new_full", RESULT, NUL, "g_hash_table_unref"},
    {"g_ptr_array_new", RESULT, NUL, "g_ptr_array_unref"},
    {"g_ptr_array_new_with_free_func", RESULT, NUL, "g_ptr_array_unref"},
    {"g_array_new", RESULT, NUL, "g_array_unref"},
    {"g_string_new", RESULT, NUL, "g_string_free"},
    {"mysql_init", RESULT, NUL, "mysql_close"},
    {"curl_slist_append", RESULT, NUL, "curl_slist_free_all"},
    {"event_new", RESULT, NUL, "event_free"},
    {"bufferevent_socket_new", RESULT, NUL, "bufferevent_free"},
    {"libusb_init", 0, STATUS, "libusb_exit"},
    {"kmod_module_new_from_name", 2, STATUS, "kmod_module_unref"},
    {"kmod_module_new_from_path", 2, STATUS, "kmod_module_unref"},
};

static const void *find_entry(const char *name)
{
    for (size_t i = 0; i < sizeof(acquirers) / sizeof(*acquirers); i++)
        if (strcmp(acquirers[i].name, name) == 0)
            return &acquirers[i];
    return NULL;
}

static const struct library_acquirer *find(const char *name)
{
    return find_once(find_entry, name);
}

const struct acquirer *library_acquirer(const char *name)
{
    static _Thread_local struct acquirer result;
    const struct library_acquirer *found = find(name);
    if (!found)
        return NULL;
    result = (struct acquirer){name, R_OBJECT, found->argument, (enum failure)found->failure};
    return &result;
}

const char *library_release(const char *acquire)
{
    const struct library_acquirer *found = find(acquire);
    return found ? found->release : NULL;
}

bool library_releases_struct(const char *release)
{
    static const char *const names[] = {"regfree",
                                        "globfree",
                                        "wordfree",
                                        "posix_spawn_file_actions_destroy",
                                        "posix_spawnattr_destroy",
                                        "pthread_attr_destroy",
                                        "pthread_mutexattr_destroy",
                                        "pthread_condattr_destroy",
                                        NULL};
    return word_in(release, names);
}

bool model_ends(const char *name)
{
    if (name_counts(name) || name_has(name, "put"))
        return false;
    for (size_t i = 0; i < sizeof(acquirers) / sizeof(*acquirers); i++)
        if (acquirers[i].release && strcmp(acquirers[i].release, name) == 0)
            return true;
    return false;
}
