<?php
// A portal that shows how authbroker.php is used: log in, see whose mail it would show, log out.
//
// Where this goes: nowhere as it is; take the three branches into the portal's own login page.
declare(strict_types=1);
require __DIR__ . '/authbroker.php';

session_set_cookie_params(['httponly' => true, 'samesite' => 'Lax', 'secure' => isset($_SERVER['HTTPS'])]);
session_start();

$message = '';
if (isset($_POST['logout'])) {
    $_SESSION = [];
    session_regenerate_id(true);
} elseif (is_string($_POST['address'] ?? null) && is_string($_POST['password'] ?? null)) {
    $answer = authbroker_login($_POST['address'], $_POST['password'], $_SERVER['REMOTE_ADDR']);
    switch ($answer['verdict']) {
        case 'accept':
            session_regenerate_id(true); // a session that somebody else has begun is not to become this user's
            $_SESSION['identity'] = $answer['identity'];
            $_SESSION['addresses'] = $answer['addresses'] ?: [$answer['identity']];
            http_response_code(303);
            header('Location: ' . $_SERVER['SCRIPT_NAME']);
            exit;
        case 'tempfail':
            http_response_code(503);
            header('Retry-After: ' . max(1, intdiv($answer['retry_after_ms'] ?? 5000, 1000)));
            $message = $answer['text'];
            break;
        default:
            http_response_code(403);
            $message = $answer['text'];
    }
}

$escape = fn(string $text): string => htmlspecialchars($text, ENT_QUOTES | ENT_SUBSTITUTE, 'UTF-8');
header('Content-Type: text/html; charset=utf-8');
header('Cache-Control: no-store');
?>
<!doctype html>
<title>Quarantine</title>
<?php if (isset($_SESSION['identity'])): ?>
<p>Mail of <?= $escape($_SESSION['identity']) ?>, that is to: <?= $escape(implode(', ', $_SESSION['addresses'])) ?></p>
<form method="post"><button name="logout" value="1">Log out</button></form>
<?php else: ?>
<p><?= $escape($message) ?></p>
<form method="post">
<label>Address <input name="address" autocomplete="username"></label>
<label>Password <input name="password" type="password" autocomplete="current-password"></label>
<button>Log in</button>
</form>
<?php endif ?>
