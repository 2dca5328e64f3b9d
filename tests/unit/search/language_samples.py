"""Six functions with comments in seven human languages, and a question for each in the same language."""

# language -> (function, its comment, a question about it)
SAMPLES: dict[str, list[tuple[str, str, str]]] = {
    "german": [
        ("f1", "Liest die Konfigurationsdatei und prüft jeden Schlüssel auf Gültigkeit.",
         "Wo wird die Gültigkeit der Schlüssel in der Konfigurationsdatei geprüft?"),
        ("f2", "Öffnet die Verbindung zur Datenbank und wartet, bis sie antwortet.",
         "Wie lange wartet das Programm auf die Antwort der Datenbank-Verbindung?"),
        ("f3", "Berechnet die Größe aller Dateien eines Verzeichnisses.", "Größe der Dateien im Verzeichnis"),
        ("f4", "Verschlüsselt das Passwort mit einem zufälligen Salz.", "Passwort mit Salz verschlüsselt"),
        ("f5", "Löscht abgelaufene Einträge aus dem Zwischenspeicher.",
         "Wann werden abgelaufene Einträge im Zwischenspeicher gelöscht?"),
        ("f6", "Sendet eine Nachricht an alle angemeldeten Benutzer.",
         "Nachricht an angemeldete Benutzer senden"),
    ],
    "french": [
        ("f1", "Lit le fichier de configuration et vérifie la validité de chaque clé.",
         "Où est-ce que la validité des clés du fichier de configuration est vérifiée ?"),
        ("f2", "Ouvre la connexion à la base de données et attend la réponse.",
         "Où attend-on la réponse de la base de données ?"),
        ("f3", "Calcule la taille de tous les fichiers d'un répertoire.",
         "calcul de la taille des fichiers d'un répertoire"),
        ("f4", "Chiffre le mot de passe avec un sel aléatoire.", "mot de passe chiffré avec un sel"),
        ("f5", "Supprime les entrées périmées du cache.", "Quand supprime-t-on les entrées périmées ?"),
        ("f6", "Envoie un message à tous les utilisateurs connectés.",
         "envoyer un message aux utilisateurs connectés"),
    ],
    "spanish": [
        ("f1", "Lee el archivo de configuración y comprueba la validez de cada clave.",
         "¿Dónde se comprueba la validez de las claves de configuración?"),
        ("f2", "Abre la conexión con la base de datos y espera la respuesta.",
         "¿Cuánto se espera la respuesta de la base de datos?"),
        ("f3", "Calcula el tamaño de todos los archivos de una carpeta.",
         "tamaño de los archivos de una carpeta"),
        ("f4", "Cifra la contraseña con una sal aleatoria.", "contraseña cifrada con sal aleatoria"),
        ("f5", "Borra las entradas caducadas de la caché.", "¿Cuándo se borran las entradas caducadas?"),
        ("f6", "Envía un mensaje a todos los usuarios conectados.", "enviar mensaje a usuarios conectados"),
    ],
    "russian": [
        ("f1", "Читает файл настроек и проверяет каждый ключ.", "Где проверяется ключ из файла настроек?"),
        ("f2", "Открывает соединение с базой данных и ждёт ответа.", "соединение с базой данных"),
        ("f3", "Вычисляет размер всех файлов в каталоге.", "размер всех файлов в каталоге"),
        ("f4", "Шифрует пароль со случайной солью.", "пароль шифрует соль"),
        ("f5", "Удаляет устаревшие записи из кэша.", "устаревшие записи кэша"),
        ("f6", "Отправляет сообщение всем пользователям сети.", "сообщение пользователям сети"),
    ],
    "chinese": [
        ("f1", "读取配置文件并检查每个键是否有效。", "在哪里检查配置文件的键"),
        ("f2", "打开数据库连接并等待回应。", "等待数据库连接的回应"),
        ("f3", "计算目录中所有文件的大小。", "目录中文件的大小怎么计算"),
        ("f4", "用随机盐加密密码。", "密码如何加密"),
        ("f5", "从缓存中删除过期的条目。", "什么时候删除缓存里过期的条目"),
        ("f6", "向所有已登录的用户发送消息。", "发送消息给用户"),
    ],
    "japanese": [
        ("f1", "設定ファイルを読み込み、各キーが有効かどうかを確認する。",
         "設定ファイルのキーはどこで確認される"),
        ("f2", "データベースへの接続を開き、応答を待つ。", "データベースの応答を待つ処理"),
        ("f3", "ディレクトリ内のすべてのファイルのサイズを計算する。", "ファイルサイズの計算"),
        ("f4", "ランダムなソルトでパスワードを暗号化する。", "パスワードの暗号化"),
        ("f5", "期限切れの項目をキャッシュから削除する。", "キャッシュの期限切れ項目を削除"),
        ("f6", "ログイン中の人々にメッセージを送る。", "人々にメッセージを送る"),
    ],
    "korean": [
        ("f1", "설정 파일을 읽고 모든 키가 유효한지 확인한다.", "설정 파일의 키는 어디서 확인하나"),
        ("f2", "데이터베이스 연결을 열고 응답을 기다린다.", "데이터베이스 응답을 기다리는 곳"),
        ("f3", "디렉터리에 있는 모든 파일의 크기를 계산한다.", "파일 크기 계산"),
        ("f4", "임의의 솔트로 비밀번호를 암호화한다.", "비밀번호 암호화"),
        ("f5", "캐시에서 만료된 항목을 삭제한다.", "만료된 캐시 항목 삭제"),
        ("f6", "접속한 모든 사용자에게 메시지를 보낸다.", "사용자에게 메시지 보내기"),
    ],
}  # fmt: skip


def sample_files() -> dict[str, str | bytes]:
    """One file a function; its body says nothing."""
    return {
        f"{language}/{name}.py": f"def {name}(a, b):\n    # {comment}\n    return a.run(b)\n"
        for language, samples in SAMPLES.items()
        for name, comment, _ in samples
    }
