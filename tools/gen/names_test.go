package main

import "testing"

func TestSnake(t *testing.T) {
	for goName, want := range map[string]string{
		"Id":                          "id",
		"CreateAt":                    "create_at",
		"KVSetWithOptions":            "kv_set_with_options",
		"IPAddress":                   "ip_address",
		"IPAddresses":                 "ip_addresses",
		"SiteURL":                     "site_url",
		"TeamIDs":                     "team_ids",
		"GetUsersByIds":               "get_users_by_ids",
		"UseAnonymousURLs":            "use_anonymous_urls",
		"AutoShareDMs":                "auto_share_dms",
		"URLsByName":                  "urls_by_name",
		"DNSNames":                    "dns_names",
		"NormalizeLdapDNs":            "normalize_ldap_dns",
		"OAuthApp":                    "oauth_app",
		"IsOAuth":                     "is_oauth",
		"EnableOAuthServiceProvider":  "enable_oauth_service_provider",
		"Office365OAuth":              "office365_oauth",
		"AmazonS3SSE":                 "amazon_s3_sse",
		"userId1":                     "user_id1",
		"VoIPDeviceId":                "vo_ip_device_id",
		"IDLoadedPushNotifications":   "id_loaded_push_notifications",
		"SessionLengthSSOInHours":     "session_length_sso_in_hours",
		"ReportAProblemLink":          "report_a_problem_link",
		"HTTPRequestSubset":           "http_request_subset",
		"OnSAMLLogin":                 "on_saml_login",
		"APIMuxId":                    "api_mux_id",
		"TLS":                         "tls",
		"x":                           "x",
		"RegisterCollectionAndTopic":  "register_collection_and_topic",
		"ChimeraOAuthProxyURL":        "chimera_oauth_proxy_url",
		"CustomURLSchemes":            "custom_url_schemes",
		"WebSocketMessageHasBeenSent": "web_socket_message_has_been_sent",
	} {
		if got := snake(goName); got != want {
			t.Errorf("snake(%q) = %q, want %q", goName, got, want)
		}
	}
}

func TestIdentifier(t *testing.T) {
	for goName, want := range map[string]string{
		"Default":   "default_",
		"register":  "register_",
		"Protected": "protected_",
		"Type":      "type",
	} {
		if got := identifier(goName); got != want {
			t.Errorf("identifier(%q) = %q, want %q", goName, got, want)
		}
	}
}
