meshcheck_library(http_client
  SOURCES client.cc tcp_info.cc transfer.cc
  ALONE tcp_info.cc
  DEPENDS base http_url uv CURL::libcurl
)
meshcheck_tests(http_client
  SOURCES client_stream_test.cc client_test.cc client_timeout_test.cc url_test.cc
)
