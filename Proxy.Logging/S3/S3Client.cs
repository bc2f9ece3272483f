using Amazon;
using Amazon.Runtime;
using Amazon.Runtime.Internal;
using Amazon.S3;
using Amazon.S3.Internal;
using Proxy.Logging.Records;

namespace Proxy.Logging.S3;

/// <summary>Amazon's client for one request over connections of ours. It neither repeats nor goes elsewhere: both are the sender's to decide.</summary>
internal sealed class S3Client(LogTarget target, HttpMessageHandler connections) : AmazonS3Client(CredentialsOf(target), ConfigOf(target, connections))
{
    protected override void CustomizeRuntimePipeline(RuntimePipeline pipeline)
    {
        base.CustomizeRuntimePipeline(pipeline);
        pipeline.RemoveHandler<AmazonS3RedirectHandler>();
    }

    private static BasicAWSCredentials CredentialsOf(LogTarget target)
    {
        var keys = target.SecretKey.Split('\n', 2);
        return new(keys[0], keys.Length > 1 ? keys[1] : "");
    }

    private static AmazonS3Config ConfigOf(LogTarget target, HttpMessageHandler connections) => new()
    {
        ServiceURL = target.Host.AbsoluteUri,
        AuthenticationRegion = target.FindOption("region") ?? RegionEndpoint.USEast1.SystemName,
        ForcePathStyle = true,
        HttpClientFactory = new OneClient(connections),
        MaxErrorRetry = 0,
        AllowAutoRedirect = false,

        // What a bucket's name may ask of Amazon's client beside the one request: other hosts, sessions, the machine's own files.
        DisableMultiregionAccessPoints = true,
        DisableS3ExpressSessionAuth = true,
        UseArnRegion = false,
        IgnoreConfiguredEndpointUrls = true,
        DefaultConfigurationMode = DefaultConfigurationMode.Standard,
        RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
        ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
    };

    private sealed class OneClient(HttpMessageHandler connections) : HttpClientFactory
    {
        // Its time is ours, too.
        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => new(connections, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };

        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

        public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => true;
    }
}
