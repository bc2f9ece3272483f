using System.Security.Cryptography;
using System.Text;
using Amazon.Runtime.Internal.Auth;
using Amazon.Util;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Host.Models;
using Proxy.Host.Providers;
using Proxy.Host.Providers.Bedrock;
using Yarp.ReverseProxy.Configuration;

namespace Proxy.Tests.Bedrock;

/// <summary>Signatures, against those that Amazon publishes and those that its own client makes.</summary>
internal sealed class RequestSignerTests
{
    private static readonly AwsKeys Published = new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", SessionToken: null, "us-east-1");
    private static readonly DateTimeOffset PublishedTime = new(2015, 8, 30, 12, 36, 0, TimeSpan.Zero);

    [TestCase("GET", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")]
    [TestCase("POST", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b")]
    public void A_request_without_a_body_is_signed_as_published(string method, string signature)
    {
        using var message = new HttpRequestMessage(new HttpMethod(method), "https://example.amazonaws.com/");

        RequestSigner.Sign(message, content: null, SHA256.HashData([]), Published, "service", PublishedTime);

        Authorization(message).Should().Be($"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature={signature}");
        message.Headers.GetValues("x-amz-date").Should().Equal("20150830T123600Z");
    }

    [Test]
    public void A_request_with_a_body_is_signed_as_published()
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, "https://example.amazonaws.com/");
        using var content = new StringContent("Param1=value1");
        content.Headers.ContentType = new("application/x-www-form-urlencoded");

        RequestSigner.Sign(message, content, SHA256.HashData("Param1=value1"u8), Published, "service", PublishedTime);

        Authorization(message).Should().EndWith("SignedHeaders=content-type;host;x-amz-date, Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a");
    }

    [TestCase("anthropic.claude-sonnet-4-20250514-v1:0", null)]
    [TestCase("arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude~x", "a token/+=")]
    public void A_models_path_is_signed_as_Amazons_own_client_does(string model, string? token)
    {
        var keys = new AwsKeys("AKID", "secret", token, "eu-west-1");
        var address = BedrockDialectAddress(model);
        using var message = new HttpRequestMessage(HttpMethod.Post, address);
        using var content = new StringContent("{}", Encoding.UTF8, new System.Net.Http.Headers.MediaTypeHeaderValue("application/json"));

        RequestSigner.Sign(message, content, SHA256.HashData("{}"u8), keys, "bedrock", PublishedTime);

        var path = AWSSDKUtils.CanonicalizeResourcePathV2(new Uri("https://bedrock-runtime.eu-west-1.amazonaws.com"), "/model/{modelId}/converse", encode: true, new Dictionary<string, string> { ["{modelId}"] = model });
        var names = token is null ? "content-type;host;x-amz-date" : "content-type;host;x-amz-date;x-amz-security-token";
        var headers = $"content-type:application/json\nhost:{address.Host}\nx-amz-date:20150830T123600Z\n{(token is null ? "" : $"x-amz-security-token:{token}\n")}";
        var request = $"POST\n{path}\n\n{headers}\n{names}\n{Convert.ToHexStringLower(SHA256.HashData("{}"u8))}";
        var expected = AWS4Signer.ComputeSignature(keys.AccessKeyId, keys.SecretAccessKey, keys.Region, PublishedTime.UtcDateTime, "bedrock", names, request);
        Authorization(message).Should().EndWith($"SignedHeaders={names}, Signature={expected.Signature}");
        address.AbsolutePath.Should().Be($"/model/{Uri.EscapeDataString(model)}/converse");
    }

    [Test]
    public void Keys_do_not_show_their_secret() =>
        new AwsKeys("AKID", "a secret", "a token", "eu-west-1").ToString().Should().Be("keys in eu-west-1");

    private static string Authorization(HttpRequestMessage message) => message.Headers.NonValidated["Authorization"].ToString();

    private static Uri BedrockDialectAddress(string model)
    {
        var dialect = ProviderDialect.Find(ProviderNames.Bedrock)!;
        var deployment = Deployment.Read(
            new DestinationConfig { Address = dialect.UsualAddressIn("eu-west-1")!, Metadata = new Dictionary<string, string> { ["Provider"] = "bedrock", ["ApiKey"] = "k" } },
            fault => throw new InvalidOperationException(fault))!;
        return dialect.AddressOf(deployment, ApiOperation.Converse, model);
    }
}
