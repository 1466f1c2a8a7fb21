"""The presets: named lists of the callables in which an SDK or a framework asks for something.

What is named here was found to come back as it was. What depends on the version of a library, or on
another library, may be missing; of each list something has to be there.
"""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["PRESETS"]

# A line stands for as many targets as its braces have words.
_LINES = {
    "anthropic": """
        anthropic.resources.messages:{Messages AsyncMessages}.{create parse stream}=llm
        anthropic.resources.beta.messages:{Messages AsyncMessages}.{create parse stream}=llm
    """,
    "google-genai": """
        google.genai.models:{Models AsyncModels}.{generate_content generate_content_stream}=llm
        google.genai.models:{Models AsyncModels}.embed_content=embedding
        google.genai._gaos.google_genai:GeminiNextGenInteractions.create=llm
        google.genai._gaos.google_genai:AsyncGeminiNextGenInteractions.create=llm
    """,
    "httpx": """
        httpx:{Client AsyncClient}.send=http
        httpx2:{Client AsyncClient}.send=http
    """,
    "langchain": """
        langchain_anthropic.chat_models:ChatAnthropic.{_generate _agenerate _stream _astream}=llm
        langchain_aws.chat_models.bedrock:ChatBedrock.{_generate _stream}=llm
        langchain_aws.chat_models.bedrock_converse:ChatBedrockConverse.{_generate _stream}=llm
        langchain_google_genai.chat_models:ChatGoogleGenerativeAI.{_generate _agenerate}=llm
        langchain_google_genai.chat_models:ChatGoogleGenerativeAI.{_stream _astream}=llm
        langchain_groq.chat_models:ChatGroq.{_generate _agenerate _stream _astream}=llm
        langchain_mistralai.chat_models:ChatMistralAI.{_generate _agenerate _stream _astream}=llm
        langchain_ollama.chat_models:ChatOllama.{_generate _agenerate _stream _astream}=llm
        langchain_openai.chat_models.base:BaseChatOpenAI.{_generate _agenerate}=llm
        langchain_openai.chat_models.base:BaseChatOpenAI.{_stream _stream_responses}=llm
        langchain_openai.chat_models.base:BaseChatOpenAI.{_astream _astream_responses}=llm
    """,
    "litellm": """
        litellm:{completion acompletion responses aresponses}=llm
        litellm:{embedding aembedding}=embedding
    """,
    "mcp": """
        mcp:ClientSession.call_tool=tool
        mcp:ClientSession.{list_tools list_prompts get_prompt list_resources read_resource}=mcp
    """,
    "openai": """
        openai.resources.chat.completions:{Completions AsyncCompletions}.{create parse}=llm
        openai.resources.embeddings:{Embeddings AsyncEmbeddings}.create=embedding
        openai.resources.responses:{Responses AsyncResponses}.{create parse}=llm
    """,
    "openai-agents": """
        agents.models.openai_chatcompletions:OpenAIChatCompletionsModel.get_response=llm
        agents.models.openai_chatcompletions:OpenAIChatCompletionsModel.stream_response=llm
        agents.models.openai_responses:OpenAIResponsesModel.{get_response stream_response}=llm
    """,
    "pydantic-ai": """
        pydantic_ai.models.anthropic:AnthropicModel.{request request_stream}=llm
        pydantic_ai.models.bedrock:BedrockConverseModel.{request request_stream}=llm
        pydantic_ai.models.cohere:CohereModel.{request request_stream}=llm
        pydantic_ai.models.google:GoogleModel.{request request_stream}=llm
        pydantic_ai.models.groq:GroqModel.{request request_stream}=llm
        pydantic_ai.models.huggingface:HuggingFaceModel.{request request_stream}=llm
        pydantic_ai.models.mistral:MistralModel.{request request_stream}=llm
        pydantic_ai.models.openai:OpenAIChatModel.{request request_stream}=llm
        pydantic_ai.models.openai:OpenAIResponsesModel.{request request_stream}=llm
        pydantic_ai.models.xai:XaiModel.{request request_stream}=llm
    """,
    "requests": """
        requests:Session.send=http
    """,
}


def _targets(line: str) -> list[str]:
    """The targets that a line stands for."""
    head, brace, rest = line.strip().partition("{")
    if not brace:
        return [head]
    words, _, tail = rest.partition("}")
    return [f"{head}{word}{end}" for end in _targets(tail) for word in words.split()]


PRESETS = MappingProxyType(
    {
        name: tuple(target for line in lines.strip().splitlines() for target in _targets(line))
        for name, lines in _LINES.items()
    }
)
"""The targets of each preset, by its name."""
