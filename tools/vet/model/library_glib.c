/* Functions of GLib, GIO and libsoup that give their caller something of its own ("transfer full"), and what releases it. */
#include "library.h"

#include <stddef.h>

const struct library_acquirer library_glib[] = {
    {"g_dir_close", RESULT, NUL, "g_dir_open"},
    {"g_key_file_free", RESULT, FAILS_NEVER, "g_key_file_new"},
    {"g_strfreev", RESULT, FAILS_NEVER, "g_strsplit g_strsplit_set"},
    {"g_strfreev", RESULT, NUL,
     "g_strdupv g_key_file_get_groups g_key_file_get_keys g_key_file_get_string_list "
     "g_settings_get_strv g_variant_dup_strv g_get_environ g_listenv "
     "g_match_info_fetch_all g_regex_split g_regex_split_simple "
     "g_uri_list_extract_uris g_application_command_line_get_arguments"},
    {"g_regex_unref", RESULT, NUL, "g_regex_new"},
    {"g_bytes_unref", RESULT, FAILS_NEVER, "g_bytes_new"},
    {"g_timer_destroy", RESULT, FAILS_NEVER, "g_timer_new"},
    {"g_main_loop_unref", RESULT, FAILS_NEVER, "g_main_loop_new"},
    {"g_date_time_unref", RESULT, NUL,
     "g_date_time_new_now_utc g_date_time_new_now_local g_date_time_new_from_unix_utc "
     "g_date_time_new g_date_time_new_now g_date_time_new_local g_date_time_new_utc "
     "g_date_time_new_from_unix_local g_date_time_new_from_iso8601 g_date_time_add "
     "g_date_time_add_days g_date_time_add_seconds g_date_time_add_full "
     "g_date_time_to_utc g_date_time_to_local g_date_time_to_timezone"},
    {"g_mapped_file_unref", RESULT, NUL, "g_mapped_file_new"},
    {"g_hmac_unref", RESULT, NUL, "g_hmac_new"},
    {"g_rand_free", RESULT, FAILS_NEVER, "g_rand_new"},
    {"g_option_context_free", RESULT, FAILS_NEVER, "g_option_context_new"},
    {"g_checksum_free", RESULT, NUL, "g_checksum_new"},
    {"g_object_unref", RESULT, FAILS_NEVER, "g_file_new_for_path"},
    {"g_free", RESULT, FAILS_NEVER,
     "g_build_filename g_path_get_basename g_path_get_dirname g_get_current_dir "
     "g_markup_escape_text g_uri_escape_string g_base64_encode g_base64_decode"},
    {"g_variant_unref", RESULT, FAILS_NEVER, "g_variant_get_child_value"},
    {"g_variant_unref", RESULT, NUL,
     "g_variant_lookup_value g_dbus_connection_call_sync g_dbus_connection_call_finish "
     "g_dbus_proxy_call_sync g_dbus_proxy_call_finish g_settings_get_value "
     "g_dbus_proxy_get_cached_property g_variant_get_variant g_variant_get_normal_form "
     "g_variant_byteswap g_settings_get_user_value g_settings_get_default_value "
     "g_action_get_state g_action_get_state_hint g_action_group_get_action_state "
     "g_dbus_connection_call_with_unix_fd_list_sync"},
    {"g_variant_iter_free", RESULT, FAILS_NEVER, "g_variant_iter_new"},
    {"g_free", 1, STATUS, "g_file_get_contents"},
    {"g_hash_table_unref", RESULT, NUL, "g_hash_table_new g_hash_table_new_full"},
    {"g_ptr_array_unref", RESULT, NUL,
     "g_ptr_array_new g_ptr_array_new_with_free_func g_ptr_array_sized_new "
     "g_ptr_array_new_full"},
    {"g_array_unref", RESULT, NUL, "g_array_new"},
    {"g_string_free", RESULT, NUL, "g_string_new g_string_sized_new g_string_new_len"},
    {"g_free", RESULT, NUL,
     "g_key_file_get_string g_key_file_get_value g_key_file_get_locale_string "
     "g_key_file_to_data g_settings_get_string g_variant_dup_string g_variant_print "
     "g_date_time_format g_match_info_fetch g_regex_replace g_regex_escape_string "
     "g_filename_to_uri g_filename_from_uri g_filename_to_utf8 g_filename_from_utf8 "
     "g_locale_to_utf8 g_locale_from_utf8 g_utf8_strup g_utf8_strdown g_utf8_normalize "
     "g_utf8_casefold g_utf8_substring g_ascii_strup g_ascii_strdown "
     "g_find_program_in_path g_shell_quote g_shell_unquote g_strescape g_strcompress "
     "g_file_read_link g_format_size g_uuid_string_random "
     "g_compute_checksum_for_string g_compute_checksum_for_data "
     "g_inet_address_to_string g_data_input_stream_read_line g_file_get_path "
     "g_file_get_uri g_file_get_basename g_file_get_parse_name "
     "g_content_type_get_description g_content_type_guess "
     "g_content_type_from_mime_type g_icon_to_string "
     "g_file_info_get_attribute_as_string g_file_get_relative_path "
     "g_key_file_get_comment g_key_file_get_start_group g_dbus_generate_guid "
     "g_dbus_address_get_for_bus_sync g_dbus_address_escape_value "
     "g_markup_printf_escaped g_string_free_and_steal g_uri_unescape_string g_uri_join "
     "g_uri_to_string g_filename_display_name g_filename_display_basename "
     "g_bytes_unref_to_data g_hostname_to_ascii g_hostname_to_unicode g_strjoinv "
     "g_build_filenamev g_build_pathv g_canonicalize_filename "
     "g_resolver_lookup_by_address g_utf16_to_utf8 g_ucs4_to_utf8 g_convert "
     "g_convert_with_fallback g_unix_mount_guess_name g_key_file_get_boolean_list "
     "g_key_file_get_integer_list"},
    {"g_object_unref", RESULT, NUL,
     "g_file_get_parent g_file_get_child g_file_resolve_relative_path g_file_read "
     "g_file_create g_file_query_info g_file_enumerate_children "
     "g_file_enumerator_next_file g_file_new_for_uri g_file_new_for_commandline_arg "
     "g_file_new_build_filename g_file_dup g_file_replace g_file_append_to "
     "g_file_query_filesystem_info g_file_get_child_for_display_name "
     "g_file_enumerator_get_child g_bus_get_sync g_bus_get_finish "
     "g_dbus_connection_new_for_address_sync g_dbus_message_copy "
     "g_memory_input_stream_new_from_data g_data_input_stream_new "
     "g_data_output_stream_new g_converter_input_stream_new "
     "g_converter_output_stream_new g_unix_input_stream_new g_unix_output_stream_new "
     "g_inet_address_new_from_string g_inet_socket_address_new "
     "g_unix_socket_address_new g_socket_connection_factory_create_connection "
     "g_socket_accept g_socket_client_connect g_cancellable_new "
     "g_app_info_create_from_commandline g_content_type_get_icon g_icon_new_for_string "
     "g_subprocess_new g_subprocess_newv g_subprocess_launcher_new"},
    {"soup_header_free_param_list", RESULT, NUL, "soup_header_parse_param_list"},
    {"g_time_zone_unref", RESULT, NUL,
     "g_time_zone_new g_time_zone_new_local g_time_zone_new_utc "
     "g_time_zone_new_identifier"},
    {"g_list_free", RESULT, NUL,
     "g_hash_table_get_keys g_hash_table_get_values g_list_copy g_unix_mounts_get"},
    {"g_slist_free", RESULT, NUL, "g_slist_copy"},
    {NULL, RESULT, NUL, "g_task_propagate_pointer g_simple_async_result_propagate_pointer"},
    {"g_variant_builder_unref", RESULT, NUL, "g_variant_builder_new"},
    {"g_dbus_node_info_unref", RESULT, NUL, "g_dbus_node_info_new_for_xml"},
    {"g_io_channel_unref", RESULT, NUL, "g_io_channel_unix_new g_io_channel_new_file"},
    {"g_markup_parse_context_free", RESULT, NUL, "g_markup_parse_context_new"},
    {"g_bytes_unref", RESULT, NUL,
     "g_bytes_new_take g_bytes_new_from_bytes g_mapped_file_get_bytes "
     "g_resources_lookup_data g_resource_lookup_data"},
    {"g_byte_array_unref", RESULT, NUL, "g_byte_array_new g_byte_array_sized_new"},
    {"g_unix_mount_free", RESULT, NUL, "g_unix_mount_at g_unix_mount_for"},
    {"g_uri_unref", RESULT, NUL, "g_uri_parse g_uri_build"},
    {"g_file_attribute_matcher_unref", RESULT, NUL, "g_file_attribute_matcher_new"},
    {NULL, 0, 0, NULL},
};
