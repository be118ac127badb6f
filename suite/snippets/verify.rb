# The part between the marks is quoted by README.md; what follows it runs the test's cases.
# begin
require "openssl"

# headers: a Hash, names in lower case. body: the String as it came, never parsed JSON.
def verify(secret, headers, body)
  id, timestamp = headers["webhook-id"].to_s, headers["webhook-timestamp"].to_s
  return false if id.empty? || !timestamp.match?(/\A[0-9]{1,12}\z/)
  return false if (Time.now.to_i - timestamp.to_i).abs > 300

  key = secret.delete_prefix("whsec_").unpack1("m")
  mac = OpenSSL::HMAC.digest("SHA256", key, "#{id}.#{timestamp}.".b + body.b)
  expected = "v1,#{[mac].pack("m0")}"
  headers["webhook-signature"].to_s.split(" ").any? do |token|
    OpenSSL.secure_compare(token, expected)
  end
end
# end

require "json"

JSON.parse($stdin.set_encoding("UTF-8").read).each do |item|
  puts verify(item["secret"], item["headers"], item["body"])
end
