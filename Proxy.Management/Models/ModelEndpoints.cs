using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.Bodies;
using Proxy.Management.Errors;

namespace Proxy.Management.Models;

/// <summary>Deployments of models, made and changed while the program runs.</summary>
internal static class ModelEndpoints
{
    public static void MapModelEndpoints(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/model/new", AccessRule.Admin, CreateAsync);
        routes.MapPost("/model/update", AccessRule.Admin, UpdateAsync);
        routes.MapPost("/model/delete", AccessRule.Admin, DeleteAsync);
        routes.MapPatch("/model/{id}/update", AccessRule.Admin, PatchAsync);
    }

    private static async Task<IResult> CreateAsync(
        HttpContext context, ModelChanges changes, IModelRouting routing, TimeProvider time, CancellationToken cancellationToken)
    {
        var (request, fault) = await ReadAsync(context, isNew: true, cancellationToken);
        if (fault is not null) return new ErrorResult(fault);

        var (now, by) = (time.GetUtcNow(), context.ManagementCaller.UserId);
        var (model, error) = await changes.CreateAsync(
            routing,
            new StoredModel
            {
                Id = request!.Id ?? Guid.NewGuid().ToString(),
                Name = request.Name!,
                Params = ModelRequest.Merge("{}", request.Params),
                Info = ModelRequest.Merge("{}", request.Info),
                CreatedAt = now,
                UpdatedAt = now,
                CreatedBy = by,
                UpdatedBy = by,
            },
            cancellationToken);
        return error is null ? Show(model!) : new ErrorResult(error);
    }

    private static Task<IResult> UpdateAsync(
        HttpContext context, ModelChanges changes, IModelRouting routing, TimeProvider time, CancellationToken cancellationToken) =>
        ChangeAsync(context, changes, routing, time, idInPath: null, cancellationToken);

    private static Task<IResult> PatchAsync(
        HttpContext context, ModelChanges changes, IModelRouting routing, TimeProvider time, string id, CancellationToken cancellationToken) =>
        ChangeAsync(context, changes, routing, time, id, cancellationToken);

    private static async Task<IResult> ChangeAsync(
        HttpContext context, ModelChanges changes, IModelRouting routing, TimeProvider time, string? idInPath, CancellationToken cancellationToken)
    {
        var (request, fault) = await ReadAsync(context, isNew: false, cancellationToken);
        if (fault is not null) return new ErrorResult(fault);
        if ((idInPath ?? request!.Id) is not { } id) return new ErrorResult(ProxyError.BadRequest("Say which model: 'model_info' with its 'id'.", "model_info"));
        if (request!.Id is { } stated && stated != id) return new ErrorResult(ProxyError.BadRequest("The id of a model cannot be changed.", "model_info"));

        var by = context.ManagementCaller.UserId;
        var (model, error) = await changes.UpdateAsync(
            routing,
            id,
            old => old with
            {
                Name = request.Name ?? old.Name,
                Params = ModelRequest.Merge(old.Params, request.Params),
                Info = ModelRequest.Merge(old.Info, request.Info),
                UpdatedAt = time.GetUtcNow(),
                UpdatedBy = by,
            },
            cancellationToken);
        return error is null ? Show(model!) : new ErrorResult(error);
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, ModelChanges changes, IModelRouting routing, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var id = fields!.RequiredText("id");
        if (fields.Error is { } fault) return new ErrorResult(fault);

        return await changes.DeleteAsync(routing, id!, cancellationToken) is { } error
            ? new ErrorResult(error)
            : TypedResults.Json(new DeletedModel($"Model: {id} deleted successfully"), ModelJson.Default.DeletedModel);
    }

    private static async Task<(ModelRequest? Request, ProxyError? Error)> ReadAsync(HttpContext context, bool isNew, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        return malformed is not null ? (null, malformed) : ModelRequest.Read(fields!, isNew);
    }

    private static JsonHttpResult<ModelAnswer> Show(StoredModel model) => TypedResults.Json(ModelAnswer.Of(model), ModelJson.Default.ModelAnswer);
}

internal sealed record DeletedModel(string Message);

internal sealed record ModelAnswer(
    string ModelId,
    string ModelName,
    JsonObject LitellmParams,
    JsonObject ModelInfo,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    string? CreatedBy,
    string? UpdatedBy)
{
    public static ModelAnswer Of(StoredModel model) => new(
        model.Id, model.Name, ModelView.WithoutSecrets(model.Params), JsonNode.Parse(model.Info)!.AsObject(), model.CreatedAt, model.UpdatedAt,
        model.CreatedBy, model.UpdatedBy);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ModelAnswer))]
[JsonSerializable(typeof(DeletedModel))]
internal sealed partial class ModelJson : JsonSerializerContext;
