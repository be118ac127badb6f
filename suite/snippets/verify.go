// The part between the marks is quoted by README.md; what follows it runs the test's cases.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// begin
import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// verify takes the body as it came, never parsed JSON.
func verify(secret string, header http.Header, body []byte) bool {
	id, timestamp := header.Get("webhook-id"), header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	age := time.Now().Unix() - seconds
	key, malformed := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if id == "" || err != nil || age > 300 || age < -300 || malformed != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	expected := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for _, token := range strings.Split(header.Get("webhook-signature"), " ") {
		if hmac.Equal([]byte(token), []byte(expected)) {
			return true
		}
	}
	return false
}

// end

func main() {
	var cases []struct {
		Secret, Body string
		Headers      map[string]string
	}
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		panic(err)
	}
	for _, item := range cases {
		header := http.Header{}
		for name, value := range item.Headers {
			header.Set(name, value)
		}
		fmt.Println(verify(item.Secret, header, []byte(item.Body)))
	}
}
