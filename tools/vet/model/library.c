/* Functions of widely used libraries that give their caller something of its own, and what releases it. */
#include "library.h"

#include "names.h"
#include "once.h"

#include <stddef.h>
#include <string.h>

static const struct library_acquirer acquirers[] = {
    /* This library; its contexts are in model.c, its errors in site/errors.c */
    {"lg_file_free", 3, STATUS, "lg_file_open"},
    {"lg_file_free", 2, STATUS, "lg_file_create lg_file_adopt"},
    {"lg_whole_file_close", 3, STATUS, "lg_whole_file_open"},
    {"lg_shutdown_close", 0, STATUS, "lg_shutdown_new"},
    {"lg_supervisor_close", 0, STATUS, "lg_supervisor_new"},
    {"lg_timer_free", RESULT, FAILS_NEVER, "lg_timer_new lg_timer_new_func"},
    {"lg_ticker_free", RESULT, FAILS_NEVER, "lg_ticker_new"},
    {"lg_chan_unref", RESULT, FAILS_NEVER, "lg_chan_make lg_chan_make_owned"},
    {"lg_notify_free", RESULT, NUL, "lg_notify_open lg_notify_open_at"},
    /* POSIX and glibc */
    {"fts_close", RESULT, NUL, "fts_open"},
    {"iconv_close", RESULT, FAILS_NEGATIVE, "iconv_open"},
    {"sem_close", RESULT, NUL, "sem_open"},
    {"mq_close", RESULT, FAILS_NEGATIVE, "mq_open"},
    {"freeaddrinfo", 3, STATUS, "getaddrinfo"},
    {"freeifaddrs", 0, STATUS, "getifaddrs"},
    {"dlclose", RESULT, NUL, "dlopen"},
    {"regfree", 0, STATUS, "regcomp"},
    {"freelocale", RESULT, NUL, "newlocale duplocale"},
    {"catclose", RESULT, FAILS_NEGATIVE, "catopen"},
    {"shmdt", RESULT, FAILS_NEGATIVE, "shmat"},
    {"posix_spawn_file_actions_destroy", 0, STATUS, "posix_spawn_file_actions_init"},
    {"posix_spawnattr_destroy", 0, STATUS, "posix_spawnattr_init"},
    {"pthread_attr_destroy", 0, STATUS, "pthread_attr_init"},
    {"pthread_mutexattr_destroy", 0, STATUS, "pthread_mutexattr_init"},
    {"pthread_condattr_destroy", 0, STATUS, "pthread_condattr_init"},
    {"globfree", 3, STATUS, "glob"},
    {"wordfree", 1, STATUS, "wordexp"},
    {"timer_delete", 2, STATUS, "timer_create"},
    {"free", RESULT, NUL, "getgrouplist_alloc"},
    {"gzclose", RESULT, NUL, "gzopen gzdopen"},
    {"acl_free", RESULT, NUL, "acl_get_file acl_get_fd acl_from_text acl_to_text acl_dup"},
    {"cap_free", RESULT, NUL,
     "cap_get_proc cap_get_file cap_from_text cap_init cap_dup cap_to_text"},
    {"freecon", 0, STATUS, "getcon getexeccon getprevcon"},
    {"freecon", 1, STATUS,
     "getfilecon lgetfilecon fgetfilecon selabel_lookup selabel_lookup_raw getpeercon "
     "getfilecon_raw lgetfilecon_raw fgetfilecon_raw"},
    {"freecon", 2, STATUS, "matchpathcon"},
    {"selabel_close", RESULT, NUL, "selabel_open"},
    /* Linux kernel */
    {"of_node_put", RESULT, NUL,
     "of_find_node_by_name of_find_node_by_path of_find_node_by_type "
     "of_find_node_by_phandle of_find_compatible_node of_find_matching_node "
     "of_get_child_by_name of_get_parent of_parse_phandle"},
    {"put_device", RESULT, NUL, "of_find_device_by_node bus_find_device class_find_device"},
    {"pci_dev_put", RESULT, NUL, "pci_get_device pci_get_domain_bus_and_slot"},
    {"dev_put", RESULT, NUL, "dev_get_by_name dev_get_by_index"},
    {"mmput", RESULT, NUL, "get_task_mm"},
    {"put_task_struct", RESULT, NUL, "get_pid_task"},
    {"put_pid", RESULT, NUL, "find_get_pid"},
    {"fwnode_handle_put", RESULT, NUL, "fwnode_get_named_child_node"},
    {"destroy_workqueue", RESULT, NUL, "alloc_workqueue"},
    {"dma_release_channel", RESULT, NUL, "dma_request_chan"},
    {"free_netdev", RESULT, NUL, "alloc_netdev alloc_etherdev"},
    {"iounmap", RESULT, NUL, "ioremap"},
    {"regulator_put", RESULT, NUL, "regulator_get"},
    {"clk_put", RESULT, NUL, "clk_get"},
    {"gpiod_put", RESULT, NUL, "gpiod_get"},
    {"crypto_free_shash", RESULT, NUL, "crypto_alloc_shash"},
    {"crypto_free_skcipher", RESULT, NUL, "crypto_alloc_skcipher"},
    {"kfree_skb", RESULT, NUL, "alloc_skb"},
    {NULL, RESULT, NUL,
     "alloc_page bdev_file_open_by_path cJSON_Print BZ2_bzReadOpen "
     "X509_STORE_CTX_get1_chain"},
    {"release_firmware", 0, STATUS, "request_firmware"},
    /* OpenSSL's fetched algorithms */
    {"EVP_RAND_free", RESULT, NUL, "EVP_RAND_fetch"},
    {"EVP_KEM_free", RESULT, NUL, "EVP_KEM_fetch"},
    {"EVP_SIGNATURE_free", RESULT, NUL, "EVP_SIGNATURE_fetch"},
    {"EVP_KEYMGMT_free", RESULT, NUL, "EVP_KEYMGMT_fetch"},
    {"OSSL_PROVIDER_unload", RESULT, NUL, "OSSL_PROVIDER_load"},
    {"kmod_module_unref", RESULT, NUL, "kmod_module_get_module"},
    /* D-Bus, systemd */
    {"dbus_message_unref", RESULT, NUL,
     "dbus_message_new_method_call dbus_message_new_method_return "
     "dbus_message_new_signal dbus_message_new_error dbus_message_copy "
     "dbus_connection_send_with_reply_and_block dbus_pending_call_steal_reply "
     "dbus_connection_pop_message"},
    {"sd_bus_unref", 0, STATUS,
     "sd_bus_open_system sd_bus_open_user sd_bus_default_system sd_bus_default_user "
     "sd_bus_open_system_remote sd_bus_open_user_machine sd_bus_new"},
    {"sd_bus_message_unref", 1, STATUS,
     "sd_bus_message_new_method_call sd_bus_message_new_signal "
     "sd_bus_message_new_method_return"},
    {"sd_journal_close", 0, STATUS,
     "sd_journal_open sd_journal_open_directory sd_journal_open_files "
     "sd_journal_open_namespace"},
    {"sd_event_unref", 0, STATUS, "sd_event_default sd_event_new"},
    {"sd_device_unref", 0, STATUS,
     "sd_device_new_from_syspath sd_device_new_from_devnum "
     "sd_device_new_from_subsystem_sysname sd_device_new_from_devname"},
    {"sd_device_enumerator_unref", 0, STATUS, "sd_device_enumerator_new"},
    {"sd_netlink_unref", 0, STATUS, "sd_netlink_open"},
    {"udev_unref", RESULT, NUL, "udev_new"},
    {"udev_device_unref", RESULT, NUL,
     "udev_device_new_from_syspath udev_device_new_from_devnum "
     "udev_device_new_from_subsystem_sysname udev_monitor_receive_device"},
    {"udev_enumerate_unref", RESULT, NUL, "udev_enumerate_new"},
    {"udev_monitor_unref", RESULT, NUL, "udev_monitor_new_from_netlink"},
    /* OpenSSL */
    {"BIO_free", RESULT, NUL,
     "BIO_new BIO_new_file BIO_new_mem_buf BIO_new_fp BIO_new_fd BIO_new_socket"},
    {"BN_free", RESULT, NUL, "BN_new BN_bin2bn BN_dup ASN1_INTEGER_to_BN"},
    {"BN_CTX_free", RESULT, NUL, "BN_CTX_new"},
    {"RSA_free", RESULT, NUL, "RSA_new EVP_PKEY_get1_RSA"},
    {"EC_KEY_free", RESULT, NUL, "EC_KEY_new EC_KEY_new_by_curve_name EVP_PKEY_get1_EC_KEY"},
    {"EC_POINT_free", RESULT, NUL, "EC_POINT_new EC_POINT_dup"},
    {"EVP_MD_CTX_free", RESULT, NUL, "EVP_MD_CTX_new"},
    {"EVP_CIPHER_CTX_free", RESULT, NUL, "EVP_CIPHER_CTX_new"},
    {"EVP_PKEY_CTX_free", RESULT, NUL,
     "EVP_PKEY_CTX_new EVP_PKEY_CTX_new_id EVP_PKEY_CTX_new_from_name "
     "EVP_PKEY_CTX_new_from_pkey"},
    {"EVP_PKEY_free", RESULT, NUL,
     "EVP_PKEY_new X509_get_pubkey PEM_read_bio_PrivateKey PEM_read_PrivateKey "
     "PEM_read_bio_PUBKEY PEM_read_PUBKEY X509_REQ_get_pubkey d2i_PUBKEY "
     "d2i_PUBKEY_bio d2i_PrivateKey_bio d2i_AutoPrivateKey"},
    {"EVP_MAC_free", RESULT, NUL, "EVP_MAC_fetch"},
    {"EVP_MAC_CTX_free", RESULT, NUL, "EVP_MAC_CTX_new"},
    {"EVP_MD_free", RESULT, NUL, "EVP_MD_fetch"},
    {"EVP_CIPHER_free", RESULT, NUL, "EVP_CIPHER_fetch"},
    {"EVP_KDF_free", RESULT, NUL, "EVP_KDF_fetch"},
    {"HMAC_CTX_free", RESULT, NUL, "HMAC_CTX_new"},
    {"SSL_CTX_free", RESULT, NUL, "SSL_CTX_new"},
    {"SSL_free", RESULT, NUL, "SSL_new"},
    {"X509_free", RESULT, NUL,
     "SSL_get_peer_certificate SSL_get1_peer_certificate X509_new X509_dup "
     "PEM_read_bio_X509 PEM_read_X509 PEM_read_bio_X509_AUX d2i_X509_bio d2i_X509_fp "
     "X509_REQ_to_X509"},
    {"SSL_SESSION_free", RESULT, NUL, "SSL_get1_session"},
    {"X509_STORE_free", RESULT, NUL, "X509_STORE_new"},
    {"X509_STORE_CTX_free", RESULT, NUL, "X509_STORE_CTX_new"},
    /* Kerberos */
    {"krb5_free_context", 0, STATUS, "krb5_init_context"},
    {"profile_release", 1, STATUS, "krb5_get_profile"},
    {"krb5_kt_close", 2, STATUS, "krb5_kt_resolve"},
    {"krb5_kt_close", 1, STATUS, "krb5_kt_default"},
    {"krb5_cc_close", 2, STATUS, "krb5_cc_resolve"},
    {"krb5_cc_close", 1, STATUS, "krb5_cc_default"},
    {"krb5_free_principal", 2, STATUS, "krb5_cc_get_principal krb5_parse_name krb5_copy_principal"},
    {"krb5_free_unparsed_name", 2, STATUS, "krb5_unparse_name"},
    {"krb5_free_default_realm", 1, STATUS, "krb5_get_default_realm"},
    /* XML, JSON, SQL, network, patterns */
    {"xmlFreeDoc", RESULT, NUL,
     "xmlReadFile xmlReadMemory xmlParseFile xmlNewDoc htmlReadFile htmlReadMemory "
     "xmlParseDoc xmlCopyDoc htmlParseDoc"},
    {"xmlFree", RESULT, NUL,
     "xmlGetProp xmlNodeGetContent xmlNodeListGetString xmlGetNoNsProp xmlGetNsProp "
     "xmlStrdup xmlEncodeEntitiesReentrant xmlEncodeSpecialChars xmlURIEscapeStr "
     "xmlBuildURI xmlNodeGetBase"},
    {"xmlXPathFreeContext", RESULT, NUL, "xmlXPathNewContext"},
    {"xmlXPathFreeObject", RESULT, NUL, "xmlXPathEvalExpression xmlXPathEval"},
    {"xmlBufferFree", RESULT, NUL, "xmlBufferCreate"},
    {"xmlFreeTextWriter", RESULT, NUL, "xmlNewTextWriterFilename"},
    {"xmlFreeTextReader", RESULT, NUL, "xmlReaderForFile"},
    {"xmlFreeParserCtxt", RESULT, NUL, "xmlNewParserCtxt xmlCreatePushParserCtxt"},
    {"XML_ParserFree", RESULT, NUL, "XML_ParserCreate"},
    {"cJSON_Delete", RESULT, NUL, "cJSON_Parse cJSON_CreateObject cJSON_CreateArray"},
    {"json_object_put", RESULT, NUL,
     "json_tokener_parse json_object_from_file json_tokener_parse_ex "
     "json_object_from_fd"},
    {"json_decref", RESULT, NUL, "json_loads json_load_file"},
    {"sqlite3_close", 1, STATUS, "sqlite3_open sqlite3_open_v2"},
    {"sqlite3_finalize", 3, STATUS, "sqlite3_prepare_v2 sqlite3_prepare"},
    {"sqlite3_free", RESULT, NUL, "sqlite3_mprintf"},
    {"curl_easy_cleanup", RESULT, NUL, "curl_easy_init curl_easy_duphandle"},
    {"curl_multi_cleanup", RESULT, NUL, "curl_multi_init"},
    {"curl_free", RESULT, NUL, "curl_easy_escape curl_easy_unescape"},
    {"curl_share_cleanup", RESULT, NUL, "curl_share_init"},
    {"curl_mime_free", RESULT, NUL, "curl_mime_init"},
    {"mysql_free_result", RESULT, NUL, "mysql_store_result mysql_use_result"},
    {"PQfinish", RESULT, NUL, "PQconnectdb"},
    {"PQclear", RESULT, NUL, "PQexec PQexecParams"},
    {"lua_close", RESULT, NUL, "luaL_newstate"},
    {"archive_read_free", RESULT, NUL, "archive_read_new"},
    {"archive_write_free", RESULT, NUL, "archive_write_new"},
    {"archive_entry_free", RESULT, NUL, "archive_entry_new"},
    {"archive_match_free", RESULT, NUL, "archive_match_new"},
    {"zip_close", RESULT, NUL, "zip_open"},
    {"BZ2_bzclose", RESULT, NUL, "BZ2_bzopen"},
    {"gdImageDestroy", RESULT, NUL, "gdImageCreate gdImageCreateTrueColor"},
    {"SDL_FreeSurface", RESULT, NUL, "SDL_LoadBMP SDL_CreateRGBSurface"},
    {"SDL_DestroyWindow", RESULT, NUL, "SDL_CreateWindow"},
    {"SDL_DestroyTexture", RESULT, NUL, "SDL_CreateTextureFromSurface"},
    {"XCloseDisplay", RESULT, NUL, "XOpenDisplay"},
    {"libusb_close", RESULT, NUL, "libusb_open_device_with_vid_pid"},
    {"libusb_close", 1, STATUS, "libusb_open"},
    {"av_frame_free", RESULT, NUL, "av_frame_alloc"},
    {"av_packet_free", RESULT, NUL, "av_packet_alloc"},
    {"avcodec_free_context", RESULT, NUL, "avcodec_alloc_context3"},
    {"FT_Done_FreeType", 0, STATUS, "FT_Init_FreeType"},
    {"FT_Done_Face", 3, STATUS, "FT_New_Face"},
    {"pam_end", 3, STATUS, "pam_start"},
    {"blkid_free_probe", RESULT, NUL, "blkid_new_probe_from_filename blkid_new_probe"},
    {"mnt_unref_table", RESULT, NUL, "mnt_new_table mnt_new_table_from_file"},
    {"mnt_free_iter", RESULT, NUL, "mnt_new_iter"},
    {"mnt_free_context", RESULT, NUL, "mnt_new_context"},
    {"git_repository_free", 0, STATUS, "git_repository_open"},
    {"git_index_free", 0, STATUS, "git_repository_index"},
    {"git_revwalk_free", 0, STATUS, "git_revwalk_new"},
    {"git_commit_free", 0, STATUS, "git_commit_lookup"},
    {"ibv_close_device", RESULT, NUL, "ibv_open_device"},
    {"ibv_dealloc_pd", RESULT, NUL, "ibv_alloc_pd"},
    {"snd_pcm_close", 0, STATUS, "snd_pcm_open"},
    {"curl_url_cleanup", RESULT, NUL, "curl_url curl_url_dup"},
    {"event_base_free", RESULT, NUL, "event_base_new"},
    {"evbuffer_free", RESULT, NUL, "evbuffer_new"},
    {"pcap_close", RESULT, NUL, "pcap_open_live pcap_open_offline pcap_create pcap_open_dead"},
    {"pcre_free", RESULT, NUL, "pcre_compile"},
    {"pcre2_code_free", RESULT, NUL, "pcre2_compile"},
    {"pcre2_match_data_free", RESULT, NUL, "pcre2_match_data_create_from_pattern"},
    {"kmod_unref", RESULT, NUL, "kmod_new"},
    {"mysql_close", RESULT, NUL, "mysql_init"},
    {"curl_slist_free_all", RESULT, NUL, "curl_slist_append"},
    {"event_free", RESULT, NUL, "event_new"},
    {"bufferevent_free", RESULT, NUL, "bufferevent_socket_new"},
    {"libusb_exit", 0, STATUS, "libusb_init"},
    {"kmod_module_unref", 2, STATUS, "kmod_module_new_from_name kmod_module_new_from_path"},
    /* … and what the others copy or make */
    {"X509_CRL_free", RESULT, NUL, "PEM_read_bio_X509_CRL X509_CRL_new"},
    {"DH_free", RESULT, NUL, "PEM_read_bio_DHparams DH_new"},
    {"DSA_free", RESULT, NUL, "DSA_new EVP_PKEY_get1_DSA"},
    {"ECDSA_SIG_free", RESULT, NUL, "ECDSA_SIG_new ECDSA_do_sign"},
    {"EC_GROUP_free", RESULT, NUL, "EC_GROUP_new_by_curve_name"},
    {"X509_NAME_free", RESULT, NUL, "X509_NAME_new X509_NAME_dup"},
    {"X509_REQ_free", RESULT, NUL, "X509_REQ_new"},
    {"PKCS7_free", RESULT, NUL,
     "PKCS7_new PKCS7_sign PKCS7_encrypt d2i_PKCS7_bio PEM_read_bio_PKCS7"},
    {"PKCS12_free", RESULT, NUL, "PKCS12_create d2i_PKCS12_fp d2i_PKCS12_bio"},
    {"EVP_KDF_CTX_free", RESULT, NUL, "EVP_KDF_CTX_new"},
    {"OSSL_PARAM_BLD_free", RESULT, NUL, "OSSL_PARAM_BLD_new"},
    {"OSSL_PARAM_free", RESULT, NUL, "OSSL_PARAM_BLD_to_param"},
    {"OSSL_LIB_CTX_free", RESULT, NUL, "OSSL_LIB_CTX_new"},
    {"ENGINE_free", RESULT, NUL, "ENGINE_by_id"},
    {"krb5_free_error_message", RESULT, NUL, "krb5_get_error_message"},
    {"krb5_get_init_creds_opt_free", 1, STATUS, "krb5_get_init_creds_opt_alloc"},
    {"json_tokener_free", RESULT, NUL, "json_tokener_new"},
    {"yajl_tree_free", RESULT, NUL, "yajl_tree_parse"},
    {"yajl_gen_free", RESULT, NUL, "yajl_gen_alloc"},
    {"elf_end", RESULT, NUL, "elf_begin"},
    {"dwarf_end", RESULT, NUL, "dwarf_begin"},
    {"nl_socket_free", RESULT, NUL, "nl_socket_alloc"},
    {"nlmsg_free", RESULT, NUL, "nlmsg_alloc"},
    {"nl_cb_put", RESULT, NUL, "nl_cb_alloc"},
    {"delwin", RESULT, NUL, "newwin"},
    {"PQfreemem", RESULT, NUL, "PQescapeLiteral"},
    {"ldap_memfree", RESULT, NUL, "ldap_get_dn ldap_first_attribute ldap_next_attribute"},
    {"ldap_value_free", RESULT, NUL, "ldap_get_values"},
    {"ldap_value_free_len", RESULT, NUL, "ldap_get_values_len"},
    {"if_freenameindex", RESULT, NUL, "if_nameindex"},
    {"talloc_free", RESULT, NUL, "talloc_stackframe"},
    {"rte_free", RESULT, NUL,
     "rte_malloc rte_zmalloc rte_calloc rte_malloc_socket rte_zmalloc_socket"},
    {"rte_kvargs_free", RESULT, NUL, "rte_kvargs_parse"},
    {"kfree", RESULT, NUL, "kasprintf"},
    {"kmod_module_unref_list", 2, STATUS, "kmod_module_new_from_lookup"},
    {"kmod_module_unref_list", 1, STATUS, "kmod_module_new_from_loaded"},
    {"kmod_module_unref_list", RESULT, NUL, "kmod_module_get_dependencies"},
    {"kmod_module_info_free_list", 1, STATUS, "kmod_module_get_info"},
    {"kmod_module_versions_free_list", 1, STATUS, "kmod_module_get_versions"},
    {"seccomp_release", RESULT, NUL, "seccomp_init"},
    {"mnt_unref_fs", RESULT, NUL, "mnt_new_fs"},
    {"mnt_unref_cache", RESULT, NUL, "mnt_new_cache"},
    {"mnt_unref_monitor", RESULT, NUL, "mnt_new_monitor"},
    {"fdisk_unref_context", RESULT, NUL, "fdisk_new_context"},
    {"scols_unref_table", RESULT, NUL, "scols_new_table"},
    {"bpf_object__close", RESULT, NUL,
     "bpf_object__open bpf_object__open_file bpf_object__open_mem"},
    {"btf__free", RESULT, NUL,
     "btf__new btf__parse btf__parse_elf btf__parse_raw btf__load_vmlinux_btf "
     "btf__load_from_kernel_by_id"},
    {NULL, 2, STATUS, "curl_url_get"},
    {"dwfl_end", RESULT, NUL, "dwfl_begin"},
    {"snd_ctl_close", 0, STATUS, "snd_ctl_open"},
    {"snd_mixer_close", 0, STATUS, "snd_mixer_open"},
    {"snd_hwdep_close", 0, STATUS, "snd_hwdep_open"},
    {"SSL_CONF_CTX_free", RESULT, NUL, "SSL_CONF_CTX_new"},
    {"EVP_ENCODE_CTX_free", RESULT, NUL, "EVP_ENCODE_CTX_new"},
    {"CMS_ContentInfo_free", RESULT, NUL, "CMS_sign CMS_encrypt d2i_CMS_bio"},
    {"OSSL_STORE_close", RESULT, NUL, "OSSL_STORE_open"},
    {"OCSP_BASICRESP_free", RESULT, NUL, "OCSP_BASICRESP_new OCSP_response_get1_basic"},
    {"OCSP_REQUEST_free", RESULT, NUL, "OCSP_REQUEST_new"},
    {"OCSP_CERTID_free", RESULT, NUL, "OCSP_cert_to_id"},
    {"OCSP_RESPONSE_free", RESULT, NUL, "d2i_OCSP_RESPONSE OCSP_sendreq_bio"},
    {"xmlSchemaFreeParserCtxt", RESULT, NUL, "xmlSchemaNewParserCtxt"},
    {"xmlSaveClose", RESULT, NUL, "xmlSaveToBuffer"},
    {"git_reference_free", 0, STATUS, "git_reference_lookup git_repository_head"},
    {"git_tree_free", 0, STATUS, "git_tree_lookup"},
    {"git_remote_free", 0, STATUS, "git_remote_lookup"},
    {"git_config_free", 0, STATUS, "git_config_open_default git_repository_config"},
    {"git_odb_free", 0, STATUS, "git_repository_odb"},
    {"sd_hwdb_unref", 0, STATUS, "sd_hwdb_new"},
    {"sd_dhcp_client_unref", 0, STATUS, "sd_dhcp_client_new"},
    {"libusb_free_device_list", 1, STATUS, "libusb_get_device_list"},
    {NULL, 0, 0, NULL},
};

static const struct library_acquirer *const tables[] = {acquirers, library_glib};

#define EACH_ACQUIRER(row)                                                                         \
    for (size_t table = 0; table < sizeof(tables) / sizeof(*tables); table++)                      \
        for (const struct library_acquirer *row = tables[table]; row->names; row++)

static const void *find_entry(const char *name)
{
    EACH_ACQUIRER(row)
    {
        if (word_in_text(name, row->names))
            return row;
    }
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
    EACH_ACQUIRER(row)
    {
        if (row->release && strcmp(row->release, name) == 0)
            return true;
    }
    return false;
}
