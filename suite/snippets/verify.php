<?php
// The part between the marks is quoted by README.md; what follows it runs the test's cases.
// begin
// $headers: array_change_key_case(getallheaders()). $body: file_get_contents('php://input').
function verify(string $secret, array $headers, string $body): bool
{
    $id = $headers['webhook-id'] ?? '';
    $timestamp = $headers['webhook-timestamp'] ?? '';
    if ($id === '' || !preg_match('/^[0-9]{1,12}$/D', $timestamp)) {
        return false;
    }
    if (abs(time() - (int) $timestamp) > 300) {
        return false;
    }
    $key = base64_decode(substr($secret, strlen('whsec_')));
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
    foreach (explode(' ', $headers['webhook-signature'] ?? '') as $token) {
        if (hash_equals($expected, $token)) {
            return true;
        }
    }
    return false;
}
// end

foreach (json_decode(file_get_contents('php://stdin'), true) as $case) {
    echo verify($case['secret'], $case['headers'], $case['body']) ? "true\n" : "false\n";
}
