<?php
// Asks authbroker whether a password is right, for PHP portals such as a quarantine. Wants PHP 8 with its curl extension.
//
// Where this goes: beside the portal's other functions. MailWatch: into mailscanner/, required by checklogin.php, where authbroker_login()
// takes the place of ldap_authenticate() or imap_authenticate(). The broker's half is php-portal.toml beside this file.
declare(strict_types=1);

const AUTHBROKER_SOCKET = '/run/authbroker/php-portal.sock';

// The broker's answer. 'verdict' is always there, and is one of:
//   accept    the password is right: 'identity' is who it is, 'addresses' are all addresses of the mailbox, as far as they are known.
//             Go on with these and never with what was typed.
//   reject    it is wrong, or there is no such account, or it may not log in.
//   no_route  the broker has no business with this domain. To the user that is the same.
//   tempfail  nobody can tell now. Do not say that the password is wrong, do not count it as a failure, do not let anybody in.
// 'text' is a sentence for the user, 'retry_after_ms' may be there with tempfail. All text is to be escaped before it is shown.
function authbroker_login(string $address, #[\SensitiveParameter] string $password, string $client): array
{
    return authbroker_ask('/v1/login', ['address' => $address, 'password' => $password, 'client' => $client, 'service' => 'portal'],
                          [200 => ['accept'], 401 => ['reject', 'no_route'], 503 => ['tempfail']]);
}

// Does this address exist? exists, absent, no_route, unverifiable (the mail server does not say) or tempfail.
function authbroker_mailbox(string $address): array
{
    return authbroker_ask('/v1/mailbox', ['address' => $address], [200 => ['exists', 'unverifiable'], 404 => ['absent', 'no_route'], 503 => ['tempfail']]);
}

// Status and verdict have to say the same. Whatever else happens, a broker that is not there included, is a tempfail.
function authbroker_ask(string $path, #[\SensitiveParameter] array $question, array $legal): array
{
    $unknown = ['verdict' => 'tempfail', 'text' => 'This cannot be checked at the moment. Please try again later.'];
    $body = json_encode($question);
    if ($body === false) { // what was typed is no UTF-8
        return $unknown;
    }
    $curl = curl_init('http://localhost' . $path);
    curl_setopt_array($curl, [
        CURLOPT_UNIX_SOCKET_PATH => AUTHBROKER_SOCKET,
        CURLOPT_PROXY => '',
        CURLOPT_POSTFIELDS => $body,
        CURLOPT_HTTPHEADER => ['Content-Type: application/json', 'Expect:'],
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_CONNECTTIMEOUT => 2,
        CURLOPT_TIMEOUT => 12, // longer than the broker takes at most (request_timeout, 8 s)
    ]);
    $reply = curl_exec($curl);
    $answer = is_string($reply) ? json_decode($reply, true) : null;
    $verdict = is_array($answer) ? ($answer['verdict'] ?? null) : null;
    if (in_array($verdict, $legal[curl_getinfo($curl, CURLINFO_RESPONSE_CODE)] ?? [], true)) {
        return $answer;
    }
    error_log('authbroker: no answer: ' . (is_string($reply) ? substr($reply, 0, 200) : curl_error($curl)));
    return $unknown;
}
